import { newerToken } from "../accounts/stored-tokens.ts";
import { decision } from "../platform/database.ts";
import type { Context } from "../platform/endpoint.ts";
import { ApiError, rateLimited } from "../platform/errors.ts";
import { type Limit, rateLimitArgs } from "../platform/rate-limit.ts";
import { keyRingOf } from "../sealing/key-ring.ts";
import { openToken } from "../sealing/seal.ts";
import { errorOfFailure, failureOf, twilioUnavailable } from "../twilio/errors.ts";
import { retryAfterOf } from "../twilio/http.ts";
import { fetchMedia, type MediaFetch, mediaPathOf } from "../twilio/media.ts";
import { mediaHeaders, mediaTypeOf } from "./headers.ts";
import type { MediaId } from "./link.ts";

const ROW = ["user_id", "account_sid", "message_sid", "media_url", "media_type?", "received_at"] as const;
const messageMedia = decision("message_media", {
  own_account: [...ROW, "sealed_token"],
  master_account: ROW,
  gone: [],
  not_found: [],
  exceeded: ["retry_after_seconds"],
});

/** Counted for the tenant, also for links: a link that leaks is used up for its tenant, not for all of them. */
const LIMIT: Limit = { action: "message-media", perUser: 240, perAddress: 1_200, windowSeconds: 60 };

/** Twilio accepts at most 5 MB in one message, and other channels up to 16 MB for a file. */
const MOST_BYTES = 20 * 1024 * 1024;
/** For this long after a message arrived, Twilio may not have its files yet. */
const FRESH_MS = 5 * 60_000;
const RANGE = /^bytes=\d{1,12}-\d{0,12}$/;

/**
 * Streams one file of a received message from Twilio, with the credentials of the account that received it.
 * @param userId the tenant; null for a link, whose signature names the message
 */
export async function openMedia(
  request: Request,
  userId: string | null,
  id: MediaId,
  context: Pick<Context, "db" | "env">,
): Promise<Response> {
  const { db, env } = context;
  const found = await messageMedia(db, {
    p_user_id: userId,
    p_message_id: id.messageId,
    p_index: id.index,
    p_action: LIMIT.action,
    ...rateLimitArgs(LIMIT, request, env),
    p_window_seconds: LIMIT.windowSeconds,
  });
  switch (found.outcome) {
    case "not_found":
      throw new ApiError(
        "not_found",
        `Cannot find medium ${id.index} of a received message "${id.messageId}" of yours`,
      );
    case "gone":
      throw gone();
    case "exceeded":
      throw rateLimited(found.retry_after_seconds);
    case "own_account":
    case "master_account": {
      const path = mediaPathOf(found.media_url, found.account_sid, found.message_sid);
      if (path === null) throw gone();
      const token = found.outcome === "own_account" ? found.sealed_token : null;
      const range = request.headers.get("range") ?? "";
      const isFresh = Date.now() - new Date(found.received_at).getTime() < FRESH_MS;
      const fetched = {
        apiBaseUrl: env.TWILIO_API_BASE_URL,
        path,
        credentials: await credentialsOf({ ...found, token }, context),
        range: RANGE.test(range) ? range : null,
        retriesIfMissing: isFresh ? 2 : 0,
      };
      return streamed(await fileOf(fetched), found.media_type, id.index);
    }
  }
}

/** The tenant's own token, which may be in rotation, then the master account's: it reads for a suspended subaccount, too. */
async function credentialsOf(
  { user_id: userId, account_sid: accountSid, token }: { user_id: string; account_sid: string; token: string | null },
  { db, env }: Pick<Context, "db" | "env">,
): Promise<MediaFetch["credentials"]> {
  const master = { accountSid: env.TWILIO_ACCOUNT_SID, authToken: env.TWILIO_AUTH_TOKEN };
  if (token === null) return [master];
  const ring = keyRingOf(env);
  return [{
    accountSid,
    authToken: await openToken(ring, userId, accountSid, token),
    renewToken: (refused) => newerToken(refused, userId, accountSid, { db, ring }).catch(() => null),
  }, master];
}

/** @throws ApiError unless there is a file */
async function fileOf(fetched: MediaFetch): Promise<Response> {
  let response: Response;
  try {
    response = await fetchMedia(fetched);
    // A range that the file does not have is ignored, as a server may.
    if (response.status === 416) {
      await response.body?.cancel();
      response = await fetchMedia({ ...fetched, range: null });
    }
  } catch (error) {
    const failure = failureOf(error);
    throw failure === null ? error : errorOfFailure(failure);
  }
  if (response.ok && response.body !== null) return response;
  await response.body?.cancel();
  const { status, headers } = response;
  if (status === 404 && fetched.retriesIfMissing > 0) throw twilioUnavailable("the file is not available yet");
  if (status === 404 || status === 410) throw gone();
  if (status === 429) {
    throw errorOfFailure({
      kind: "throttled",
      retryAfterSeconds: retryAfterOf({ headers: Object.fromEntries(headers) }),
    });
  }
  if (status === 401) throw errorOfFailure({ kind: "account", status, code: 0, message: "media" });
  throw twilioUnavailable(`media: ${status}`);
}

function streamed(file: Response, storedType: string | null, index: number): Response {
  const length = Number(file.headers.get("content-length") ?? NaN);
  if (length > MOST_BYTES) {
    file.body?.cancel().catch(() => {});
    throw tooLarge();
  }
  const headers = new Headers(mediaHeaders(mediaTypeOf(file.headers.get("content-type") ?? storedType), index));
  for (const name of ["content-length", "content-range", "accept-ranges"]) {
    const value = file.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(file.body!.pipeThrough(limited(MOST_BYTES)), {
    status: file.status === 206 ? 206 : 200,
    headers,
  });
}

/** Passes chunks on as they come. A body that lies about its length ends with an error. */
function limited(most: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > most) controller.error(tooLarge());
      else controller.enqueue(chunk);
    },
  });
}

function gone(): ApiError {
  return new ApiError("media_gone", "Cannot open this file: it was deleted");
}

function tooLarge(): ApiError {
  return new ApiError("media_too_large", `Cannot open this file: it has more than ${MOST_BYTES} bytes`);
}
