/**
 * Whether a tenant may have us call this URL: https, a named host, no user name. An address, `localhost` and names without a
 * dot lead into networks that are ours, not theirs.
 * @param allowPrivate for a laptop, where the tenant's server is on it too
 */
export function isPublicTarget(text: string, allowPrivate: boolean): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  if (url.username !== "" || url.password !== "") return false;
  if (allowPrivate) return true;
  return url.protocol === "https:" && isPublicName(url.hostname);
}

function isPublicName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  // A URL's host is an IPv4 address exactly where its last label is a number; IPv6 has brackets.
  const labels = name.split(".");
  const last = labels.at(-1) ?? "";
  return labels.length > 1 && /^[a-z][a-z0-9-]*$/i.test(last) && !PRIVATE_ENDINGS.has(last.toLowerCase());
}

const PRIVATE_ENDINGS = new Set(["localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "test"]);
