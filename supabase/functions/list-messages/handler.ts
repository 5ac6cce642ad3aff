import { listMessages, messagesQuery } from "../_shared/messages/list.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readQuery } from "../_shared/platform/request.ts";

/** Of searches only: other lists read a page of an index. */
const SEARCH_LIMIT = { action: "message-search", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** One page of the caller's messages. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const query = readQuery(request, messagesQuery);
  if (query.search !== undefined) await enforceRateLimit(SEARCH_LIMIT, request, context);
  return Response.json(await listMessages(context.db, context.user.id, query));
}
