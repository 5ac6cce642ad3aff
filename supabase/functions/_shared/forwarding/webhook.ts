import * as z from "zod";
import { type Db, decision } from "../platform/database.ts";
import { toBase64 } from "../platform/encoding.ts";
import { ApiError } from "../platform/errors.ts";
import { isoOf } from "../platform/time.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { open, seal, webhookSecretBinding } from "../sealing/seal.ts";
import { isPublicTarget } from "../platform/public-target.ts";
import { expectAnswer, type TestDependencies } from "./test-event.ts";

const forwardWebhookSchema = z.strictObject({
  url: z.string(),
  enabled: z.boolean(),
  disabledReason: z.string().nullable(),
  createdAt: z.string(),
}).meta({ id: "ForwardWebhook", description: "The webhook to which received messages are forwarded" });

const pendingForwardWebhookSchema = z.strictObject({
  url: z.string(),
  createdAt: z.string(),
  secret: z.string().optional().describe("whsec_…, only in the response that created it"),
}).meta({
  id: "PendingForwardWebhook",
  description: "A webhook with a new secret, to which nothing is forwarded until it is confirmed",
});

/** A tenant's webhook, and the one that they have to confirm. */
export const forwardWebhooksSchema = z.strictObject({
  webhook: forwardWebhookSchema.nullable(),
  pending: pendingForwardWebhookSchema.nullable(),
}).meta({ id: "ForwardWebhooks", description: "The response of forward-webhook" });

export type ForwardWebhooks = z.output<typeof forwardWebhooksSchema>;
type ForwardWebhook = z.output<typeof forwardWebhookSchema>;

/** A tenant's webhook, with its sealed secret. */
export const forwardWebhookOf = decision("forward_webhook_of", {
  none: [],
  enabled: ["id", "url", "sealed_secret", "created_at"],
  disabled: ["id", "url", "sealed_secret", "disabled_reason", "created_at"],
});
type StoredWebhook = Awaited<ReturnType<typeof forwardWebhookOf>>;

const pendingOf = decision("pending_forward_webhook_of", {
  none: [],
  pending: ["id", "url", "sealed_secret", "created_at"],
});

const offer = decision("offer_forward_webhook", { offered: ["created_at"], unknown_user: [] });

const change = decision("change_forward_webhook", { changed: ["created_at"], superseded: [] });

const confirm = decision("confirm_forward_webhook", {
  created: ["url", "created_at"],
  rotated: ["url", "created_at"],
  superseded: [],
});

/** The body of forward-webhook. A null URL removes the webhook; `rotateSecret` gives an existing webhook another secret. */
export function forwardWebhookRequest(allowPrivate: boolean) {
  return z.strictObject({
    url: z.url({ protocol: /^https?$/, abort: true }).max(2048)
      .refine(
        (url) => isPublicTarget(url, allowPrivate),
        "must be an https URL of a public host on port 443 or 8443, without a user name",
      )
      .nullable().describe("An https URL of a public host on port 443 or 8443; null removes the webhook"),
    rotateSecret: z.boolean().default(false).describe("Creates another secret, which has to be confirmed"),
  });
}

/** The webhook's tenant and the request that changes it. */
export interface Change {
  userId: string;
  requestId: string;
}

export interface WebhookDependencies extends TestDependencies {
  db: Db;
  ring: KeyRing;
}

/** A tenant's webhooks as they are. */
export async function forwardWebhooksOf(db: Db, userId: string): Promise<ForwardWebhooks> {
  const [stored, pending] = await Promise.all([
    forwardWebhookOf(db, { p_user_id: userId }),
    pendingOf(db, { p_user_id: userId }),
  ]);
  return {
    webhook: shown(stored),
    pending: pending.outcome === "none" ? null : { url: pending.url, createdAt: isoOf(pending.created_at) },
  };
}

/**
 * Sets a tenant's webhook. With a secret that the tenant knows, its URL is tested and used at once. A new secret is pending
 * until the tenant's server knows it and the tenant confirms it; the current webhook stays in use.
 * @throws ApiError `webhook_not_answering`: nothing changed
 */
export async function saveForwardWebhook(
  { userId, requestId, url, rotateSecret }: Change & { url: string; rotateSecret: boolean },
  dependencies: WebhookDependencies,
): Promise<ForwardWebhooks> {
  const { db, ring } = dependencies;
  const stored = await forwardWebhookOf(db, { p_user_id: userId });
  if (stored.outcome !== "none" && !rotateSecret) {
    await expectAnswer({ url, secret: await openSecret(ring, userId, stored.sealed_secret) }, dependencies);
    const changed = await change(db, { p_user_id: userId, p_id: stored.id, p_url: url, p_request_id: requestId });
    if (changed.outcome === "superseded") throw changedMeanwhile();
    return { webhook: enabled(url, changed.created_at), pending: null };
  }
  const secret = newSecret();
  const offered = await offer(db, {
    p_user_id: userId,
    p_url: url,
    p_sealed_secret: await seal(ring, secret, webhookSecretBinding(userId)),
    p_request_id: requestId,
  });
  if (offered.outcome === "unknown_user") {
    throw new ApiError("unauthorized", "Cannot save a webhook: this user was deleted");
  }
  return { webhook: shown(stored), pending: { url, createdAt: isoOf(offered.created_at), secret } };
}

/**
 * Posts a test event to the webhook that is in use. Nothing changes.
 * @throws ApiError `webhook_not_enabled`, `webhook_not_answering`
 */
export async function testForwardWebhook(userId: string, dependencies: WebhookDependencies): Promise<ForwardWebhooks> {
  const { db, ring } = dependencies;
  const stored = await forwardWebhookOf(db, { p_user_id: userId });
  if (stored.outcome !== "enabled") {
    throw new ApiError("webhook_not_enabled", "Cannot test the webhook: you have none that is in use");
  }
  const secret = await openSecret(ring, userId, stored.sealed_secret);
  await expectAnswer({ url: stored.url, secret }, dependencies);
  return await forwardWebhooksOf(db, userId);
}

/**
 * Tests the pending webhook and puts it in place of the current one. Repeated, it returns the webhook that is in use.
 * @throws ApiError `webhook_not_answering`: the webhook stays pending, and the current one in use
 */
export async function confirmForwardWebhook(
  { userId, requestId }: Change,
  dependencies: WebhookDependencies,
): Promise<ForwardWebhooks> {
  const { db, ring } = dependencies;
  const pending = await pendingOf(db, { p_user_id: userId });
  if (pending.outcome === "none") {
    const webhook = shown(await forwardWebhookOf(db, { p_user_id: userId }));
    if (webhook !== null) return { webhook, pending: null };
    throw new ApiError("webhook_not_pending", "Cannot confirm a webhook: none is saved; save one first");
  }
  const secret = await openSecret(ring, userId, pending.sealed_secret);
  await expectAnswer({ url: pending.url, secret }, dependencies);
  const confirmed = await confirm(db, { p_user_id: userId, p_id: pending.id, p_request_id: requestId });
  if (confirmed.outcome === "superseded") throw changedMeanwhile();
  return { webhook: enabled(confirmed.url, confirmed.created_at), pending: null };
}

function changedMeanwhile(): ApiError {
  return new ApiError(
    "webhook_changed",
    "Cannot use this webhook: another request saved, confirmed or removed one meanwhile; read the current webhook and try again",
  );
}

function shown(stored: StoredWebhook): ForwardWebhook | null {
  switch (stored.outcome) {
    case "none":
      return null;
    case "enabled":
      return enabled(stored.url, stored.created_at);
    case "disabled":
      return {
        url: stored.url,
        enabled: false,
        disabledReason: stored.disabled_reason,
        createdAt: isoOf(stored.created_at),
      };
  }
}

const enabled = (url: string, createdAt: string): ForwardWebhook => ({
  url,
  enabled: true,
  disabledReason: null,
  createdAt: isoOf(createdAt),
});

/** The secret of a tenant's webhook, opened for one use. */
export function openSecret(ring: KeyRing, userId: string, sealed: string): Promise<string> {
  return open(ring, sealed, webhookSecretBinding(userId));
}

/** 24 random bytes, as Standard Webhooks recommends. */
function newSecret(): string {
  return `whsec_${toBase64(crypto.getRandomValues(new Uint8Array(24)))}`;
}
