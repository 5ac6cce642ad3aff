import type { Env } from "./env.ts";

/**
 * The caller's network address, for rate limits, from the header that the platform's proxy sets (`CLIENT_ADDRESS_HEADER`).
 * Null without that header: then only the limits per user apply. One household or server has a whole IPv6 network, so such
 * an address counts as its first 64 bits. An IPv4 address in the form of IPv6 counts as the IPv4 address.
 */
export function addressOf(
  request: Request,
  { CLIENT_ADDRESS_HEADER: header }: Pick<Env, "CLIENT_ADDRESS_HEADER">,
): string | null {
  const text = request.headers.get(header)?.trim() ?? "";
  if (text === "" || text.length > 64) return null;
  if (!text.includes(":")) return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? text : null;
  const groups = groupsOf(text);
  if (groups?.slice(0, 6).join(":") === "0:0:0:0:0:ffff") return ipv4Of(groups[6]!, groups[7]!);
  return groups && `${groups.slice(0, 4).join(":")}::/64`;
}

/** The IPv4 address that two groups of an IPv6 address contain, such as `::ffff:192.0.2.1`. */
function ipv4Of(...groups: [string, string]): string {
  return groups.map((group) => parseInt(group, 16)).flatMap((value) => [value >> 8, value & 0xff]).join(".");
}

/** The eight groups of an IPv6 address in hex, without leading zeros; null for any other text. */
function groupsOf(text: string): string[] | null {
  const url = URL.parse(`http://[${text}]/`);
  if (url === null) return null;
  const [left = "", right = ""] = url.hostname.slice(1, -1).split("::");
  const [before, after] = [left, right].map((half) => half.split(":").filter(Boolean));
  return [...before!, ...Array(8 - before!.length - after!.length).fill("0"), ...after!];
}
