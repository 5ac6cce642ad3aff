import * as z from "zod";
import { type Db, decision } from "../platform/database.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { open, seal, webhookSecretBinding } from "../sealing/seal.ts";
import { toBase64 } from "../platform/encoding.ts";
import { isoOf } from "../platform/time.ts";
import { isPublicTarget } from "./target.ts";

export const forwardWebhookSchema = z.strictObject({
  url: z.string(),
  enabled: z.boolean(),
  disabledReason: z.string().nullable(),
  createdAt: z.string(),
  secret: z.string().optional().describe("whsec_…, only in the response that created or rotated it"),
}).meta({ id: "ForwardWebhook", description: "The webhook to which received messages are forwarded" });

export type ForwardWebhook = z.output<typeof forwardWebhookSchema>;

/** A tenant's webhook, with its sealed secret. */
export const forwardWebhookOf = decision("forward_webhook_of", {
  none: [],
  enabled: ["url", "sealed_secret", "created_at"],
  disabled: ["url", "disabled_reason", "created_at"],
});

const save = decision("save_forward_webhook", {
  created: ["created_at"],
  rotated: ["created_at"],
  changed: ["created_at"],
  unknown_user: [],
});

/** The body of forward-webhook. A null URL removes the webhook; `rotateSecret` gives an existing webhook another secret. */
export function forwardWebhookRequest(allowPrivate: boolean) {
  return z.strictObject({
    url: z.url({ protocol: /^https?$/, abort: true }).max(2048)
      .refine((url) => isPublicTarget(url, allowPrivate), "must be an https URL of a public host, without a user name")
      .nullable().describe("An https URL of a public host; null removes the webhook"),
    rotateSecret: z.boolean().default(false).describe("Creates another secret"),
  });
}

export interface SaveForwardWebhook {
  userId: string;
  url: string;
  rotateSecret: boolean;
  requestId: string;
}

/**
 * Sets a tenant's webhook and enables it. A new webhook, and one whose secret is rotated, gets a new secret.
 * @returns null for a deleted user
 */
export async function saveForwardWebhook(
  { userId, url, rotateSecret, requestId }: SaveForwardWebhook,
  { db, ring }: { db: Db; ring: KeyRing },
): Promise<ForwardWebhook | null> {
  const secret = newSecret();
  const saved = await save(db, {
    p_user_id: userId,
    p_url: url,
    p_sealed_secret: await seal(ring, secret, webhookSecretBinding(userId)),
    p_rotate: rotateSecret,
    p_request_id: requestId,
  });
  switch (saved.outcome) {
    case "unknown_user":
      return null;
    case "changed":
      return shown(url, saved.created_at);
    case "created":
    case "rotated":
      return { ...shown(url, saved.created_at), secret };
  }
}

const shown = (url: string, createdAt: string): ForwardWebhook => ({
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
