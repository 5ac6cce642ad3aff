import { fromBase64 } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";

/** Named AES-256 keys: the current key seals, and every key opens. */
export interface KeyRing {
  readonly current: string;
  readonly keys: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;

let parsed: { text: string; ring: KeyRing } | undefined;

/**
 * The key ring of the environment, parsed once per isolate.
 * @throws Error that says what is malformed and quotes no key
 */
export function keyRingOf({ TOKEN_SEALING_KEYS: text }: Pick<Env, "TOKEN_SEALING_KEYS">): KeyRing {
  if (parsed?.text === text) return parsed.ring;
  try {
    parsed = { text, ring: parseKeyRing(text) };
  } catch (error) {
    throw new Error(`Cannot start: TOKEN_SEALING_KEYS ${error instanceof Error ? error.message : "is malformed"}`);
  }
  return parsed.ring;
}

/**
 * Parses `{"k1":"<base64 of 32 bytes>", …}`. The first key is the current one.
 * @throws Error that says what is malformed and quotes no key
 */
export function parseKeyRing(text: string): KeyRing {
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [id, value] of parseEntries(text)) {
    if (!KEY_ID.test(id)) throw new Error("has a key id that is not 1 to 32 letters, digits, _ or -");
    if (keys.has(id)) throw new Error(`names the key id "${id}" twice`);
    keys.set(id, parseKey(id, value));
  }
  const current = keys.keys().next().value;
  if (current === undefined) throw new Error("holds no key");
  return { current, keys };
}

/** JSON.parse keeps only the last of two equal names, so the names are read from the text. */
function parseEntries(text: string): [string, unknown][] {
  let object: unknown;
  try {
    object = JSON.parse(text);
  } catch {
    throw new Error("is not JSON");
  }
  if (typeof object !== "object" || object === null || Array.isArray(object)) throw new Error("is not a JSON object");
  const names = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map((match) => match[1]!);
  return names.map((name) => [name, (object as Record<string, unknown>)[name]]);
}

function parseKey(id: string, value: unknown): Uint8Array<ArrayBuffer> {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]{43}=$/.test(value)) {
    throw new Error(`holds under "${id}" no base64 of exactly ${KEY_BYTES} bytes`);
  }
  return fromBase64(value);
}
