import type { Account } from "./records.ts";
import type { Simulation } from "./simulation.ts";

/** An API request whose credentials are right. */
export interface ApiCall {
  simulation: Simulation;
  /** The account whose credentials came along. */
  actor: Account;
  /** The account the path names; the actor itself where the path names none. */
  account: Account;
  method: string;
  path: string;
  /** The path's named segments. */
  params: Record<string, string>;
  query: URLSearchParams;
  form: URLSearchParams;
}

export interface Answer {
  status: number;
  /** JSON; absent for 204. */
  body?: unknown;
}

export interface Route {
  method: "GET" | "POST" | "DELETE";
  /** `/2010-04-01/Accounts/:account/Messages/:sid`, without `.json`. */
  pattern: string;
  /** A request that would be refused while its account is suspended, even when the parent makes it. */
  needsActiveAccount?: boolean;
  handle(call: ApiCall): Answer;
}

export interface RouteMatch {
  route: Route;
  params: Record<string, string>;
}

export type Routing = { match: RouteMatch } | { allowed: string[] } | "unknown";

/** Finds the route of a request: itself, the methods its path would allow, or nothing. */
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
