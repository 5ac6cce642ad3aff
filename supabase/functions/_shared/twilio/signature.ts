import { parse, stringify } from "node:querystring";
import { sha256, toBase64, toBytes } from "../platform/encoding.ts";

/** The signed part of a webhook's body: its form, or the body itself if the URL has a `bodySHA256`. */
export type SignedBody = URLSearchParams | string;

/**
 * Twilio's webhook signature: base64(HMAC-SHA1(token, URL + sorted key and value pairs of the form)).
 * Repeated keys count once per distinct value, values sorted. Source: Twilio "Webhooks security", cross-checked with the SDK.
 */
export async function twilioSignature(authToken: string, url: string, form: URLSearchParams): Promise<string> {
  return await sign(await hmacKey(authToken), url + flatten(form));
}

/**
 * Whether `signature` was made with one of the tokens for this URL and body. The comparison takes constant time, whichever
 * token matches. A body that is not a form is not signed itself: the signed URL contains its SHA-256.
 * @param url as it was given to Twilio, with its query; the other forms that Twilio signs are tried as well
 */
export async function isSignedByTwilio(
  tokens: readonly string[],
  signature: string,
  url: string,
  body: SignedBody,
): Promise<boolean> {
  if (tokens.length === 0) return false;
  const fields = typeof body === "string" ? "" : flatten(body);
  let genuine = false;
  for (const key of await Promise.all(tokens.map(hmacKey))) {
    for (const variant of urlVariants(url)) {
      if (equalInConstantTime(await sign(key, variant + fields), signature)) genuine = true;
    }
  }
  return typeof body === "string" ? await isBodyNamedBy(url, body) && genuine : genuine;
}

async function isBodyNamedBy(url: string, body: string): Promise<boolean> {
  return equalInConstantTime(new URL(url).searchParams.get("bodySHA256") ?? "", await sha256(body));
}

function flatten(form: URLSearchParams): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of form) {
    const ofName = values.get(name);
    if (ofName === undefined) values.set(name, new Set([value]));
    else ofName.add(value);
  }
  return [...values.keys()].sort().map((name) => [...values.get(name)!].sort().map((value) => name + value).join(""))
    .join("");
}

/**
 * The strings that Twilio may have signed for a URL: as received, with and without its port; percent-encoded by the WHATWG
 * rules, because Twilio's servers differ in what they escape; and that with its query in the older encoding.
 * Source: validateRequest of the SDK, which tries the same forms
 */
function urlVariants(url: string): Set<string> {
  const encoded = portVariants(new URL(url).href);
  return new Set([...portVariants(url), ...encoded, ...encoded.map(withLegacyQuery)]);
}

function portVariants(url: string): string[] {
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)(:[^/?#]*)?(.*)$/is.exec(url);
  if (parts === null) return [url];
  const [, scheme = "", user = "", host = "", port, rest = ""] = parts;
  const withoutPort = scheme + user + host + rest;
  if (port !== undefined) return [url, withoutPort];
  const defaultPort = scheme.toLowerCase() === "https://" ? ":443" : ":80";
  return [url, scheme + user + host + defaultPort + rest];
}

function withLegacyQuery(url: string): string {
  const [address, ...query] = url.split("?");
  const text = query.join("?");
  return text === "" ? url : `${address}?${stringify(parse(text))}`;
}

async function sign(key: CryptoKey, text: string): Promise<string> {
  const signed = await crypto.subtle.sign("HMAC", key, toBytes(text));
  return toBase64(new Uint8Array(signed));
}

function hmacKey(token: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", toBytes(token), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
}

/** The length is no secret: every signature has 28 characters, every hash 64. */
function equalInConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}
