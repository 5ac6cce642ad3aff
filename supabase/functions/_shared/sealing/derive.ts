import { toBytes } from "../platform/encoding.ts";
import type { KeyRing } from "./key-ring.ts";

const derived = new WeakMap<KeyRing, Map<string, Promise<CryptoKey>>>();

/**
 * A key for HMAC-SHA-256, derived from a sealing key with HKDF. A derived key reveals nothing about the sealing key, and
 * keys of different purposes nothing about each other.
 * @param purpose what the key signs; no other code may use the same text
 * @returns null when the key id is not in the ring
 */
export async function hmacKeyOf(ring: KeyRing, keyId: string, purpose: string): Promise<CryptoKey | null> {
  const bytes = ring.keys.get(keyId);
  if (bytes === undefined) return null;
  const known = derived.get(ring) ?? new Map<string, Promise<CryptoKey>>();
  derived.set(ring, known);
  const name = `${keyId} ${purpose}`;
  const key = known.get(name) ?? derive(bytes, purpose);
  known.set(name, key);
  return await key;
}

async function derive(bytes: Uint8Array<ArrayBuffer>, purpose: string): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);
  return await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: toBytes(`switchboard ${purpose}`) },
    secret,
    { name: "HMAC", hash: "SHA-256", length: 256 },
    false,
    ["sign", "verify"],
  );
}
