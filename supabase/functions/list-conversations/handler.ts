import { conversationsQuery, listConversations } from "../_shared/messages/conversations.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { readQuery } from "../_shared/platform/request.ts";

/** One page of the caller's conversations. */
export async function handle(request: Request, { db, user }: Context): Promise<Response> {
  return Response.json(await listConversations(db, user.id, readQuery(request, conversationsQuery)));
}
