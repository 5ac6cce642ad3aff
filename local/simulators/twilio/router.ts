import type { Account } from "./records.ts";
import type { InactiveAccountCode, Simulation } from "./simulation.ts";

/** An authenticated API request. */
export interface ApiCall {
  simulation: Simulation;
  /** The authenticated account. */
  actor: Account;
  /** The account in the path, or the actor if the path has none. */
  account: Account;
  method: string;
  path: string;
  /** The values of the named path segments. */
  params: Record<string, string>;
  query: URLSearchParams;
  form: URLSearchParams;
}

export interface Answer {
  status: number;
  /** The JSON body; absent for 204 and for a redirect. */
  body?: unknown;
  /** Where a request for a media file is redirected. */
  location?: string;
}

export interface Route {
  method: "GET" | "POST" | "DELETE";
  /** `/2010-04-01/Accounts/:account/Messages/:sid`, without `.json`. */
  pattern: string;
  /** Whether the request fails while its account is suspended, even if the parent makes it. */
  needsActiveAccount?: boolean;
  /** The error of requests with the credentials of an inactive account, also of those that read. */
  inactiveAccountCode?: InactiveAccountCode;
  handle(call: ApiCall): Answer;
}

export interface RouteMatch {
  route: Route;
  params: Record<string, string>;
}

export type Routing = { match: RouteMatch } | { allowed: string[] } | "unknown";

/** Finds the route of a request. If only the method differs, returns the allowed methods. */
export function routeOf(routes: Route[], method: string, path: string): Routing {
  const allowed: string[] = [];
  for (const route of routes) {
    const params = paramsOf(route.pattern, path);
    if (!params) continue;
    if (route.method === method) return { match: { route, params } };
    allowed.push(route.method);
  }
  return allowed.length > 0 ? { allowed } : "unknown";
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const actual = path.replace(/\.json$/, "").split("/");
  if (wanted.length !== actual.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = actual[index] ?? "";
    if (segment.startsWith(":")) params[segment.slice(1)] = value;
    else if (segment !== value) return undefined;
  }
  return params;
}
