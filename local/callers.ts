/**
 * The requests that the HTTP servers of the local stack answer. They listen on 127.0.0.1, but a web page reaches them
 * too: by a cross-site request, or by a name of its own that resolves to 127.0.0.1 (DNS rebinding). The header `Origin`
 * shows the first, the header `Host` the second.
 *
 * The functions host imports this file, so it imports nothing and runs on Deno 2.1.4.
 */
export interface AllowedCallers {
  /** The host names to accept besides the loopback names, in lower case and without a port. */
  hosts: readonly string[];
  /** The origins to accept besides those of loopback names and of `hosts`. `*` accepts all. */
  origins: readonly string[];
}

/** Accepts loopback names only. */
export const LOOPBACK_ONLY: AllowedCallers = { hosts: [], origins: [] };

/** The status and the body of a refused request. */
export interface Refusal {
  status: 403 | 421;
  body: { code: "host_not_allowed" | "origin_not_allowed"; message: string };
}

/**
 * Returns why a request is refused, or null if it is to be answered. Every server of the local stack calls this before
 * it reads the body, and for WebSocket upgrades too.
 *
 * @param host the header `Host`
 * @param origin the header `Origin`, which browsers send with every request that can change something
 */
export function refusalOf(host: string | null, origin: string | null, allowed: AllowedCallers): Refusal | null {
  const name = hostNameOf(host ?? "");
  if (name === null || !isKnown(name, allowed)) {
    return {
      status: 421,
      body: {
        code: "host_not_allowed",
        message: `Cannot answer for the host "${shortened(host)}": the local stack accepts localhost, *.localhost, ` +
          "127.0.0.0/8 and [::1]; to accept another name, start with --host NAME",
      },
    };
  }
  if (origin === null || isAllowedOrigin(origin, allowed)) return null;
  return {
    status: 403,
    body: {
      code: "origin_not_allowed",
      message: `Cannot answer a page of the origin "${shortened(origin)}": the local stack accepts loopback origins; ` +
        "to accept another origin, add it to the variable ALLOWED_ORIGINS",
    },
  };
}

/** Returns the response to a refused request, or null. */
export function refuse({ headers }: Request, allowed: AllowedCallers): Response | null {
  const refusal = refusalOf(headers.get("host"), headers.get("origin"), allowed);
  return refusal && Response.json(refusal.body, { status: refusal.status });
}

/**
 * Returns the rule for a stack with these further host names and this value of `ALLOWED_ORIGINS`.
 * @throws Error for a text that is not a host name
 */
export function allowedCallers(hosts: readonly string[], origins = ""): AllowedCallers {
  return {
    hosts: hosts.map((host) => {
      const name = hostNameOf(host);
      if (name === null) throw new Error(`Cannot use "${host}" as a host: not a host name or an IP address`);
      return name;
    }),
    origins: origins.split(",").map((origin) => origin.trim()).filter(Boolean),
  };
}

function isAllowedOrigin(origin: string, allowed: AllowedCallers): boolean {
  if (allowed.origins.includes("*") || allowed.origins.includes(origin)) return true;
  const name = hostNameOf(/^https?:\/\/(.*)$/.exec(origin)?.[1] ?? "");
  return name !== null && isKnown(name, allowed);
}

function isKnown(name: string, { hosts }: AllowedCallers): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(name) || hosts.includes(name);
}

/** Returns the name of `name[:port]` as URLs spell it, without a final dot, or null. */
function hostNameOf(host: string): string | null {
  if (!/^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(host)) return null;
  try {
    return new URL(`http://${host}`).hostname.replace(/\.$/, "");
  } catch {
    return null;
  }
}

function shortened(text: string | null): string {
  return (text ?? "").slice(0, 100);
}
