import { listMessages, messagesQuery } from "../_shared/messages/list.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { readQuery } from "../_shared/platform/request.ts";

/** One page of the caller's messages. */
export async function handle(request: Request, { db, user }: Context): Promise<Response> {
  return Response.json(await listMessages(db, user.id, readQuery(request, messagesQuery)));
}
