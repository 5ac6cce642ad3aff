import { conversationsQuery, isWalk, listConversations } from "../_shared/messages/conversations.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readQuery } from "../_shared/platform/request.ts";

/** Of lists that read more conversations than they return. Other lists read a page of an index. */
const WALK_LIMIT = { action: "conversation-search", perUser: 120, perAddress: 600, windowSeconds: 60 };

/** One page of the caller's conversations. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const query = readQuery(request, conversationsQuery);
  if (isWalk(query)) await enforceRateLimit(WALK_LIMIT, request, context);
  return Response.json(await listConversations(context.db, context.user.id, query));
}
