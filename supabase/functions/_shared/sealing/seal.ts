import { fromBase64Url, toBase64Url, toBytes } from "../platform/encoding.ts";
import type { KeyRing } from "./key-ring.ts";

const IV_BYTES = 12;
const SEALED = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22,})$/;

/**
 * Seals a secret with AES-256-GCM under the current key: `v1.<key id>.<iv>.<ciphertext and tag>`, each base64url.
 * @param binding the row that holds the secret: the text does not open for another row
 */
export async function seal(ring: KeyRing, secret: string, binding: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const key = await importKey(ring, ring.current);
  const algorithm = { name: "AES-GCM", iv, additionalData: toBytes(binding) };
  const sealed = await crypto.subtle.encrypt(algorithm, key, toBytes(secret));
  return ["v1", ring.current, toBase64Url(iv), toBase64Url(new Uint8Array(sealed))].join(".");
}

/**
 * Opens a text that `seal` returned.
 * @throws Error when the text is malformed, its key is not in the ring, or it was sealed for another binding
 */
export async function open(ring: KeyRing, sealed: string, binding: string): Promise<string> {
  const match = SEALED.exec(sealed);
  if (match === null) throw new Error("Cannot open a sealed token: it is malformed");
  const [, keyId, iv, ciphertext] = match as unknown as [string, string, string, string];
  const key = await importKey(ring, keyId);
  try {
    const algorithm = { name: "AES-GCM", iv: fromBase64Url(iv), additionalData: toBytes(binding) };
    return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, fromBase64Url(ciphertext)));
  } catch {
    throw new Error("Cannot open a sealed token: it was sealed for another row, or altered");
  }
}

/** Seals a subaccount's token for its row. */
export function sealToken(ring: KeyRing, userId: string, accountSid: string, token: string): Promise<string> {
  return seal(ring, token, tokenBinding(userId, accountSid));
}

/** @throws Error when the text was sealed for another tenant or account, or its key is not in the ring */
export function openToken(ring: KeyRing, userId: string, accountSid: string, sealedToken: string): Promise<string> {
  return open(ring, sealedToken, tokenBinding(userId, accountSid));
}

/** The binding of a subaccount's token. */
export function tokenBinding(userId: string, accountSid: string): string {
  return `${userId}/${accountSid}`;
}

/** The binding of a forward webhook's secret: `tokens_to_reseal` returns the same word in place of an account's SID. */
export function webhookSecretBinding(userId: string): string {
  return tokenBinding(userId, "forward-webhook");
}

function importKey(ring: KeyRing, id: string): Promise<CryptoKey> {
  const bytes = ring.keys.get(id);
  if (bytes === undefined) throw new Error(`Cannot open a sealed token: key "${id}" is not in TOKEN_SEALING_KEYS`);
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}
