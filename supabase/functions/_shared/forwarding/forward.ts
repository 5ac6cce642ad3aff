import { WEBHOOK_LINK_SECONDS } from "../media/link.ts";
import { withMediaLinks } from "../media/link-messages.ts";
import { messageOf } from "../messages/list.ts";
import { type Db, decide, rows } from "../platform/database.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { type PostDependencies, postEvent } from "./post.ts";
import { forwardWebhookOf, openSecret } from "./webhook.ts";

export interface ForwardDependencies extends PostDependencies {
  db: Db;
  sealing: KeyRing;
  publicBaseUrl: string;
}

const TIMEOUT_MS = 10_000;

/**
 * Forwards one received message to a tenant's webhook, signed as Standard Webhooks defines. The id is the message's, so the
 * receiver can recognise a repetition. Each attempt has new links to the media. A webhook that answers 410 is disabled.
 * @throws Error when the webhook did not accept it: the job is retried, and becomes a dead letter after its last attempt
 */
export async function forwardMessage(
  userId: string,
  messageId: string,
  dependencies: ForwardDependencies,
): Promise<void> {
  const { db } = dependencies;
  const webhook = await forwardWebhookOf(db, { p_user_id: userId });
  if (webhook.outcome !== "enabled") return;
  const [row] = await rows(db, "message_of", { p_user_id: userId, p_message_id: messageId });
  if (row === undefined) return;
  const secret = await openSecret(dependencies.sealing, userId, webhook.sealed_secret);
  const links = { ring: dependencies.sealing, publicBaseUrl: dependencies.publicBaseUrl, now: dependencies.now };
  const [message] = await withMediaLinks([messageOf(row)], WEBHOOK_LINK_SECONDS, links);
  if (message === undefined) return;
  const event = { type: "message.received", timestamp: message.createdAt, data: message };
  const { url } = webhook;
  const status = await postEvent({ url, secret, id: messageId, event, timeoutMs: TIMEOUT_MS }, dependencies);
  if (status === 410) {
    await decide(db, "disable_forward_webhook", {
      p_user_id: userId,
      p_url: url,
      p_reason: "The endpoint answered 410 Gone",
    });
    return;
  }
  if (status < 200 || status > 299) throw new Error(`the tenant's webhook answered ${status}`);
}
