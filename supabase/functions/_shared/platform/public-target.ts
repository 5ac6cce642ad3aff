/**
 * Whether we call this URL for a tenant: https, a named host of the public internet, port 443 or 8443, no user name. An IP
 * address, `localhost` or a name that only a private network resolves could lead into our own networks.
 * @param allowPrivate for local development, where the tenant's server is on the same machine: any host and port
 */
export function isPublicTarget(text: string, allowPrivate: boolean): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  if (url.username !== "" || url.password !== "") return false;
  if (allowPrivate) return true;
  // URLs leave out the port of their protocol.
  return url.protocol === "https:" && ["", "8443"].includes(url.port) && isPublicName(url.hostname);
}

function isPublicName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "").toLowerCase();
  // A URL's host is an IPv4 address exactly if its last label is a number. An IPv6 address has brackets.
  const labels = name.split(".");
  if (labels.length < 2 || !/^[a-z][a-z0-9-]*$/.test(labels.at(-1) ?? "")) return false;
  return labels.every((_, index) => !PRIVATE_DOMAINS.has(labels.slice(index).join(".")));
}

/** Domains whose names never lead to a public host, or lead to any address. Names below them are refused too. */
export const PRIVATE_DOMAINS: ReadonlySet<string> = new Set([
  // Special-use names: RFC 6761, 6762, 7686, 8375, 9476 and ICANN's reservation of `internal`
  ...["alt", "arpa", "example", "internal", "invalid", "local", "localhost", "onion", "test"],
  // Names that private networks use (RFC 6762, appendix G), and that ICANN withholds because of it
  ...["corp", "domain", "home", "intra", "intranet", "lan", "localdomain", "localnet", "mail", "priv", "private"],
  ...["server", "vpn", "workgroup"],
  // Service discovery of clusters, containers and virtual machines
  ...["cluster", "consul", "container", "docker", "k8s", "kube", "kubernetes", "lxc", "lxd", "mesh", "nomad", "podman"],
  ...["pod", "rancher", "svc", "swarm", "vagrant", "vm"],
  // Names outside the DNS
  ...["bit", "eth", "exit", "gnu", "i2p", "nodns", "zkey"],
  // Zones of the public DNS that name private hosts, or the address that the name spells
  ...["internal.cloudapp.net", "lvh.me", "localtest.me", "mshome.net", "nip.io", "sslip.io", "ts.net", "xip.io"],
]);
