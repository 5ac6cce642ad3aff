import { WEBHOOK_LINK_SECONDS } from "../media/link.ts";
import { isPublicTarget } from "../platform/public-target.ts";
import { type Db, decide, type Enum } from "../platform/database.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { eventOf, type EventSource } from "./event.ts";
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
 * Forwards one received message or notice to a tenant's webhook, signed as Standard Webhooks defines. The id is that of the
 * message or the notice, so the receiver can recognise a repetition. Each attempt has new links to the media. A webhook that
 * answers 410 is disabled.
 * @param retryInSeconds when a failed attempt is repeated; null: not at all
 * @throws Error when the webhook did not accept it: the job is retried, and becomes a dead letter after its last attempt
 */
export async function forwardEvent(
  source: { userId: string; id: string; source: EventSource },
  retryInSeconds: number | null,
  dependencies: ForwardDependencies,
): Promise<void> {
  const { db, publicBaseUrl, now, sealing } = dependencies;
  const { userId, id } = source;
  const webhook = await forwardWebhookOf(db, { p_user_id: userId });
  if (webhook.outcome !== "enabled") {
    await decide(db, "cancel_forward_delivery", { p_user_id: userId, p_event_id: id });
    return;
  }
  const event = await eventOf(source, WEBHOOK_LINK_SECONDS, { db, ring: sealing, publicBaseUrl, now });
  if (event === null) return;
  const secret = await openSecret(sealing, userId, webhook.sealed_secret);
  const { url } = webhook;
  const { status, durationMs, failure, error } = await attemptAt(
    { url, secret, id, event, timeoutMs: TIMEOUT_MS },
    dependencies,
  );
  const next = failure === null || status === 410 ? null : retryInSeconds;
  await decide(db, "record_forward_attempt", {
    p_user_id: userId,
    p_event_id: id,
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
