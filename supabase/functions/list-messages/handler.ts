import { RESPONSE_LINK_SECONDS } from "../_shared/media/link.ts";
import { withMediaLinks } from "../_shared/media/link-messages.ts";
import { listMessages, messagesQuery } from "../_shared/messages/list.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { keyRingOf } from "../_shared/sealing/key-ring.ts";

/** Of searches only: other lists read a page of an index. */
const SEARCH_LIMIT = { action: "message-search", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** One page of the caller's messages, with links to the media of received ones. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const query = readQuery(request, messagesQuery);
  if (query.search !== undefined) await enforceRateLimit(SEARCH_LIMIT, request, context);
  const { messages, next } = await listMessages(context.db, context.user.id, query);
  const links = { ring: keyRingOf(context.env), publicBaseUrl: context.env.PUBLIC_BASE_URL, now: () => new Date() };
  return Response.json({ messages: await withMediaLinks(messages, RESPONSE_LINK_SECONDS, links), next });
}
