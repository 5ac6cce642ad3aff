import { Webhook } from "standardwebhooks";
import { messageOf } from "../messages/list.ts";
import { type Db, decide, rows } from "../platform/database.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { isPublicTarget } from "./target.ts";
import { forwardWebhookOf, openSecret } from "./webhook.ts";

export interface ForwardDependencies {
  db: Db;
  sealing: KeyRing;
  now: () => Date;
  /** Whether tenants' servers may be on this machine or in its private network. */
  forwardToPrivate: boolean;
  fetch?: typeof fetch;
}

const TIMEOUT_MS = 10_000;

/**
 * Forwards one received message to a tenant's webhook, signed as Standard Webhooks defines. The id is the message's, so the
 * receiver can recognise a repetition. A webhook that answers 410 is disabled.
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
  const message = messageOf(row);
  const event = { type: "message.received", timestamp: message.createdAt, data: message };
  const status = await post(webhook.url, secret, messageId, JSON.stringify(event), dependencies);
  if (status === 410) {
    await decide(db, "disable_forward_webhook", {
      p_user_id: userId,
      p_url: webhook.url,
      p_reason: "The endpoint answered 410 Gone",
    });
    return;
  }
  if (status < 200 || status > 299) throw new Error(`the tenant's webhook answered ${status}`);
}

/** @returns the status. @throws Error that does not quote the URL, because its query may contain a secret */
async function post(
  url: string,
  secret: string,
  id: string,
  body: string,
  { now, forwardToPrivate, fetch: doFetch = fetch }: ForwardDependencies,
): Promise<number> {
  if (!isPublicTarget(url, forwardToPrivate)) throw new Error("the tenant's webhook is not a public https URL");
  const sentAt = now();
  const headers = {
    "content-type": "application/json",
    "user-agent": "Switchboard",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, sentAt, body),
  };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await doFetch(url, { method: "POST", headers, body, redirect: "manual", signal });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    throw new Error(
      timedOut ? "the tenant's webhook did not answer in time" : "the tenant's webhook cannot be reached",
    );
  }
}
