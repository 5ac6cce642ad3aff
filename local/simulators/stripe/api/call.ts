import type { Context } from "hono";
import { Books } from "../billing/books.ts";
import { invalidRequest } from "../errors.ts";
import { newId } from "../objects/ids.ts";
import type { Connection } from "../../http-server.ts";
import type { Simulator } from "../simulator.ts";
import { expand } from "./expand.ts";
import { hasOldShape } from "../objects/versions.ts";
import { decodeForm, type Params } from "./form.ts";

/** The values that the middleware sets for the routes. */
export interface Variables {
  requestId: string;
  params: Params;
  /** The API version of the call. */
  version: string;
}

export type ApiEnv = { Bindings: Connection; Variables: Variables };
export type ApiContext = Context<ApiEnv>;

/** Returns the parameters of a call: the query of a GET or DELETE, the form or JSON of a POST. */
export async function readParams(request: Request): Promise<Params> {
  const { pathname, searchParams: fromQuery } = new URL(request.url);
  const isV2 = pathname.startsWith("/v2/");
  if (request.method !== "POST") return decodeForm(fromQuery);
  const body = await request.clone().text();
  return isV2 ? jsonParams(body) : decodeForm(new URLSearchParams(body));
}

/** The v2 API takes JSON. */
function jsonParams(body: string): Params {
  try {
    return JSON.parse(body === "" ? "{}" : body);
  } catch {
    throw invalidRequest("The request body is not valid JSON.");
  }
}

/** Returns the books of one API call. Their events contain the id of the request as their origin. */
export function booksOf(simulator: Simulator, c: ApiContext): Books {
  const origin = { id: c.get("requestId"), idempotency_key: c.req.header("idempotency-key") ?? null };
  return new Books(simulator, origin);
}

/** Responds with an object in the shape of the caller's version, expanded as the caller requested. */
export function reply(simulator: Simulator, c: ApiContext, object: object): Response {
  const expanded = expand(simulator.records, object, expansionsOf(c), hasOldShape(c.get("version")));
  return c.json(expanded);
}

/** The paths that the caller wants to be expanded. */
export function expansionsOf(c: ApiContext): string[] {
  const { expand: paths } = c.get("params");
  return Array.isArray(paths) ? paths.filter((path) => typeof path === "string") : [];
}

export function newRequestId(): string {
  return newId("req");
}
