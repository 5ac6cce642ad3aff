import type { Env } from "./env.ts";

/**
 * The caller's network address, for rate limits, from the header that the platform's proxy sets (`CLIENT_ADDRESS_HEADER`).
 * Null without that header: then only the limits per user apply. One household or server has a whole IPv6 network, so such
 * an address counts as its first 64 bits.
 */
export function addressOf(
  request: Request,
  { CLIENT_ADDRESS_HEADER: header }: Pick<Env, "CLIENT_ADDRESS_HEADER">,
): string | null {
  const text = request.headers.get(header)?.trim() ?? "";
  if (text === "" || text.length > 64) return null;
  if (!text.includes(":")) return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? text : null;
  const groups = groupsOf(text);
  return groups && `${groups.slice(0, 4).join(":")}::/64`;
}

/** The eight groups of an IPv6 address in hex, without leading zeros; null for any other text. */
function groupsOf(text: string): string[] | null {
  const url = URL.parse(`http://[${text}]/`);
  if (url === null) return null;
  const [left = "", right = ""] = url.hostname.slice(1, -1).split("::");
  const [before, after] = [left, right].map((half) => half.split(":").filter(Boolean));
  return [...before!, ...Array(8 - before!.length - after!.length).fill("0"), ...after!];
}
