/** A key ring: named AES-256 keys, the first of which seals while all of them open. */
export interface KeyRing {
  readonly current: string;
  readonly keys: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

const KEY_BYTES = 32;
const IV_BYTES = 12;
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const SEALED = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22,})$/;

/**
 * Reads `{"k1":"<base64 of 32 bytes>", …}`; the first key is the current one.
 * @throws Error that says what is malformed without showing any of it
 */
export function parseKeyRing(text: string): KeyRing {
  const entries = parseEntries(text);
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [id, value] of entries) {
    if (!KEY_ID.test(id)) throw new Error("has a key id that is not 1 to 32 letters, digits, _ or -");
    if (keys.has(id)) throw new Error(`names the key id "${id}" twice`);
    keys.set(id, parseKey(id, value));
  }
  const current = keys.keys().next().value;
  if (current === undefined) throw new Error("holds no key");
  return { current, keys };
}

/** JSON.parse would keep the last of two equal names in silence, so the names are read from the text. */
function parseEntries(text: string): [string, unknown][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error("is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("is not a JSON object");
  const names = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map((match) => match[1]!);
  return names.map((name) => [name, (parsed as Record<string, unknown>)[name]]);
}

function parseKey(id: string, value: unknown): Uint8Array<ArrayBuffer> {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]{43}=$/.test(value)) {
    throw new Error(`holds under "${id}" no base64 of exactly ${KEY_BYTES} bytes`);
  }
  return fromBase64(value);
}

/**
 * Seals a secret with AES-256-GCM under the current key: `v1.<key id>.<iv>.<ciphertext and tag>`, each base64url.
 * @param binding what the secret belongs to (user id and account SID): a text moved elsewhere does not open
 */
export async function seal(ring: KeyRing, secret: string, binding: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const key = await importKey(ring, ring.current);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8(binding) }, key, utf8(secret));
  return ["v1", ring.current, toBase64Url(iv), toBase64Url(new Uint8Array(sealed))].join(".");
}

/**
 * Opens what `seal` made.
 * @throws Error when the text is malformed, its key is not in the ring, or it was sealed for another binding
 */
export async function open(ring: KeyRing, sealed: string, binding: string): Promise<string> {
  const match = SEALED.exec(sealed);
  if (match === null) throw new Error("Cannot open a sealed token: it is malformed");
  const [, keyId, iv, ciphertext] = match as unknown as [string, string, string, string];
  const key = await importKey(ring, keyId);
  try {
    const algorithm = { name: "AES-GCM", iv: fromBase64Url(iv), additionalData: utf8(binding) };
    return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, fromBase64Url(ciphertext)));
  } catch {
    throw new Error("Cannot open a sealed token: it was sealed for another row, or altered");
  }
}

/** What a subaccount's token is bound to. */
export function tokenBinding(userId: string, accountSid: string): string {
  return `${userId}/${accountSid}`;
}

function importKey(ring: KeyRing, id: string): Promise<CryptoKey> {
  const bytes = ring.keys.get(id);
  if (bytes === undefined) throw new Error(`Cannot open a sealed token: key "${id}" is not in TOKEN_SEALING_KEYS`);
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const fromBase64Url = (text: string) => fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
const toBase64Url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
