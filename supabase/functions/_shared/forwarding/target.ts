/**
 * Whether we call this URL for a tenant: https, a named host, no user name. An IP address, `localhost` or a name without a
 * dot could lead into our own networks.
 * @param allowPrivate for local development, where the tenant's server is on the same machine
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
  // A URL's host is an IPv4 address exactly if its last label is a number. An IPv6 address has brackets.
  const labels = name.split(".");
  const last = labels.at(-1) ?? "";
  return labels.length > 1 && /^[a-z][a-z0-9-]*$/i.test(last) && !PRIVATE_ENDINGS.has(last.toLowerCase());
}

const PRIVATE_ENDINGS = new Set(["localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "test"]);
