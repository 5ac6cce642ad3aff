import { fromBase64Url, toBase64Url, toBytes } from "../platform/encoding.ts";
import { hmacKeyOf } from "../sealing/derive.ts";
import type { KeyRing } from "../sealing/key-ring.ts";

/** How long links are valid in responses to a signed-in user. */
export const RESPONSE_LINK_SECONDS = 15 * 60;
/** How long links are valid in forwarded webhooks. Each attempt signs them anew. */
export const WEBHOOK_LINK_SECONDS = 24 * 3600;

/** One file of a received message. */
export interface MediaId {
  messageId: string;
  /** From 0, in the order of the message. */
  index: number;
}

export interface LinkDependencies {
  ring: KeyRing;
  publicBaseUrl: string;
  now: () => Date;
}

/** What a link says. */
export interface SignedMedia extends MediaId {
  /** Seconds since the epoch. */
  expires: number;
  /** `<key id>.<HMAC-SHA-256 in base64url>`. */
  signature: string;
}

const PURPOSE = "media links";
const SIGNATURE = /^([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{43})$/;

/** A URL that opens one file without a user's token, until it expires. It is a credential: it must not be logged. */
export async function mediaLink(id: MediaId, seconds: number, dependencies: LinkDependencies): Promise<string> {
  const { ring, publicBaseUrl, now } = dependencies;
  const expires = Math.floor(now().getTime() / 1000) + seconds;
  const key = await hmacKeyOf(ring, ring.current, PURPOSE);
  if (key === null) throw new Error("Cannot sign a link: the key ring lacks its current key");
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, signedText({ ...id, expires })));
  const query = new URLSearchParams({
    message: id.messageId,
    index: String(id.index),
    expires: String(expires),
    signature: `${ring.current}.${toBase64Url(mac)}`,
  });
  return `${publicBaseUrl}/message-media?${query}`;
}

/**
 * Checks a link. The comparison takes the same time for every wrong signature. A key that left the ring opens no link.
 * @returns expired only for a link that was valid
 */
export async function checkLink(
  link: SignedMedia,
  { ring, now }: Pick<LinkDependencies, "ring" | "now">,
): Promise<"valid" | "expired" | "forged"> {
  const [, keyId, mac] = SIGNATURE.exec(link.signature) ?? [];
  // The last digit has bits that the bytes lack: a signature has one spelling.
  if (keyId === undefined || mac === undefined || toBase64Url(fromBase64Url(mac)) !== mac) return "forged";
  const key = await hmacKeyOf(ring, keyId, PURPOSE);
  if (key === null) return "forged";
  if (!await crypto.subtle.verify("HMAC", key, fromBase64Url(mac), signedText(link))) return "forged";
  return link.expires > now().getTime() / 1000 ? "valid" : "expired";
}

/** Every part has one spelling and no line break, so no two links have the same text. */
function signedText({ messageId, index, expires }: Omit<SignedMedia, "signature">): Uint8Array<ArrayBuffer> {
  return toBytes(["v1", messageId.toLowerCase(), index, expires].join("\n"));
}
