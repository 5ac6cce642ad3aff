import * as z from "zod";
import { checkLink, type LinkDependencies, RESPONSE_LINK_SECONDS } from "../_shared/media/link.ts";
import { withMediaLinks } from "../_shared/media/link-messages.ts";
import { openMedia } from "../_shared/media/open.ts";
import { messageOf } from "../_shared/messages/list.ts";
import { isLink } from "../_shared/platform/claims.ts";
import { rows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { refusalOf } from "../_shared/platform/flood.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { keyRingOf } from "../_shared/sealing/key-ring.ts";
import { linksQuery, mediaLinksSchema, mediaQuery } from "./contract.ts";

/** A browser may keep what a link opened no longer than this, so that a deleted file is not shown for long. */
const KEPT_SECONDS = 15 * 60;

/** One file of a received message, for its tenant or for the holder of a link; or links to its files, for its tenant. */
export async function handle(request: Request, context: Context): Promise<Response> {
  if (context.path === "/links") {
    if (isLink(request)) throw refusalOf(request, context.env, notGenuine);
    return await links(request, context);
  }
  return isLink(request) ? await byLink(request, context) : await byUser(request, context);
}

async function byUser(request: Request, context: Context): Promise<Response> {
  const { message: messageId, index } = readQuery(request, mediaQuery.omit({ expires: true, signature: true }));
  return await openMedia(request, context.user.id, { messageId, index }, context);
}

async function byLink(request: Request, context: Context): Promise<Response> {
  const { env } = context;
  const { message: messageId, index, expires = 0, signature = "" } = readQuery(request, mediaQuery);
  switch (await checkLink({ messageId, index, expires, signature }, dependenciesOf(context))) {
    case "forged":
      throw refusalOf(request, env, notGenuine);
    case "expired":
      throw refusalOf(
        request,
        env,
        () => new ApiError("link_expired", "Cannot open this file: the link has expired; request the message again"),
      );
    case "valid": {
      const response = await openMedia(request, null, { messageId, index }, context);
      const seconds = Math.max(0, Math.min(KEPT_SECONDS, expires - Math.ceil(Date.now() / 1000)));
      response.headers.set("cache-control", `private, max-age=${seconds}`);
      return response;
    }
  }
}

/** The links of the tenant's own message. */
async function links(request: Request, context: Context): Promise<Response> {
  const { message: messageId } = readQuery(request, linksQuery);
  const [row] = await rows(context.db, "message_of", { p_user_id: context.user.id, p_message_id: messageId });
  if (row?.direction !== "inbound") {
    throw new ApiError("not_found", `Cannot find a received message "${messageId}" of yours`);
  }
  const dependencies = dependenciesOf(context);
  const [message] = await withMediaLinks([messageOf(row)], RESPONSE_LINK_SECONDS, dependencies);
  const expiresAt = new Date(dependencies.now().getTime() + RESPONSE_LINK_SECONDS * 1000).toISOString();
  return Response.json(
    { media: message!.media, expiresAt } satisfies z.output<typeof mediaLinksSchema>,
  );
}

function dependenciesOf({ env }: Context): LinkDependencies {
  return { ring: keyRingOf(env), publicBaseUrl: env.PUBLIC_BASE_URL, now: () => new Date() };
}

/** The error is the same for a wrong signature and a malformed link. It quotes nothing. */
function notGenuine(): ApiError {
  return new ApiError("forbidden", "Cannot open this file: the link is not valid");
}
