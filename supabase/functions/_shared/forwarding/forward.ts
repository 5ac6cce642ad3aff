import { WEBHOOK_LINK_SECONDS } from "../media/link.ts";
import { isPublicTarget } from "../platform/public-target.ts";
import { type Db, decide, type Enum, rows } from "../platform/database.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { receivedEvent } from "./event.ts";
import { type PostDependencies, postEvent } from "./post.ts";
import { forwardWebhookOf, openSecret } from "./webhook.ts";

export interface ForwardDependencies extends PostDependencies {
  db: Db;
  sealing: KeyRing;
  publicBaseUrl: string;
}

const TIMEOUT_MS = 10_000;

type Failure = Enum<"forward_failure">;

/** The result of one attempt. Without a response there is no duration: it would tell about hosts that we alone reach. */
interface Attempt {
  status: number | null;
  durationMs: number | null;
  failure: Failure | null;
}

/**
 * Forwards one received message to a tenant's webhook, signed as Standard Webhooks defines. The id is the message's, so the
 * receiver can recognise a repetition. Each attempt has new links to the media. A webhook that answers 410 is disabled.
 * @param retryInSeconds when a failed attempt is repeated; null: not at all
 * @throws Error when the webhook did not accept it: the job is retried, and becomes a dead letter after its last attempt
 */
export async function forwardMessage(
  userId: string,
  messageId: string,
  retryInSeconds: number | null,
  dependencies: ForwardDependencies,
): Promise<void> {
  const { db } = dependencies;
  const webhook = await forwardWebhookOf(db, { p_user_id: userId });
  if (webhook.outcome !== "enabled") {
    await decide(db, "cancel_forward_delivery", { p_user_id: userId, p_message_id: messageId });
    return;
  }
  const [row] = await rows(db, "message_of", { p_user_id: userId, p_message_id: messageId });
  if (row === undefined) return;
  const secret = await openSecret(dependencies.sealing, userId, webhook.sealed_secret);
  const links = { ring: dependencies.sealing, publicBaseUrl: dependencies.publicBaseUrl, now: dependencies.now };
  const event = await receivedEvent(row, WEBHOOK_LINK_SECONDS, links);
  const { url } = webhook;
  const { status, durationMs, failure, error } = await attemptAt(
    { url, secret, id: messageId, event, timeoutMs: TIMEOUT_MS },
    dependencies,
  );
  const next = failure === null || status === 410 ? null : retryInSeconds;
  await decide(db, "record_forward_attempt", {
    p_user_id: userId,
    p_message_id: messageId,
    p_status: failure === null ? "delivered" : next === null ? "failed" : "pending",
    p_http_status: status,
    p_duration_ms: durationMs,
    p_failure: failure,
    p_next_seconds: next,
  });
  if (status === 410) {
    await decide(db, "disable_forward_webhook", {
      p_user_id: userId,
      p_url: url,
      p_reason: "The endpoint answered 410 Gone",
    });
    return;
  }
  if (error !== null) throw error;
}

async function attemptAt(
  delivery: Parameters<typeof postEvent>[0],
  dependencies: PostDependencies,
): Promise<Attempt & { error: unknown }> {
  const startedAt = dependencies.now().getTime();
  try {
    const status = await postEvent(delivery, dependencies);
    const durationMs = dependencies.now().getTime() - startedAt;
    if (status >= 200 && status <= 299) return { status, durationMs, failure: null, error: null };
    const error = new Error(`the tenant's webhook answered ${status}`);
    return { status, durationMs, failure: "refused", error };
  } catch (error) {
    const isPublic = isPublicTarget(delivery.url, dependencies.forwardToPrivate);
    return { status: null, durationMs: null, failure: isPublic ? "no_response" : "not_public", error };
  }
}
