import { errors } from "jose";
import type { FunctionsConfig } from "../functions/config.ts";
import type { Functions } from "../functions/process.ts";
import { userTokenOf } from "./data-routes.ts";
import type { UserTokens } from "./user-tokens.ts";

export interface FunctionRoutes {
  process: Functions;
  config: FunctionsConfig;
}

export interface FunctionRequest {
  functions: FunctionRoutes;
  tokens: UserTokens;
  /** The origin that the caller used. */
  url: string;
  /** The caller's address. */
  peer: string;
}

const PREFIX = "/functions/v1";
/** A folder that begins with an underscore holds what functions share, and is none. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/**
 * Hands a request to `/functions/v1/<name>/…` to the functions as the platform does: at `/<name>/…`, on another origin, with
 * the public one in `X-Forwarded-*`, and only with a valid user token where the function wants `verify_jwt`.
 */
export async function answerFunction(
  request: Request,
  { functions, tokens, url, peer }: FunctionRequest,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const path = pathname.slice(PREFIX.length);
  const name = path.split("/")[1] ?? "";
  if (!NAME.test(name) || !await functions.config.has(name)) return notFound();
  if (functions.config.verifiesJwt(name) && request.method !== "OPTIONS") {
    const refused = await refuseWithoutToken(request, tokens);
    if (refused) return refused;
  }
  const headers = new Headers(request.headers);
  const { host, protocol } = new URL(url);
  headers.set("x-forwarded-for", peer);
  headers.set("x-forwarded-host", host);
  headers.set("x-forwarded-proto", protocol.slice(0, -1));
  try {
    return await functions.process.fetch(path + search, request, headers);
  } catch (error) {
    console.error(`The function "${name}" gave no answer: ${error instanceof Error ? error.message : error}`);
    return Response.json({ code: "WORKER_ERROR", message: "Function gave no answer" }, { status: 502 });
  }
}

async function refuseWithoutToken(request: Request, tokens: UserTokens): Promise<Response | undefined> {
  const token = userTokenOf(request);
  if (token === undefined) return unauthorized("Missing authorization header");
  try {
    await tokens.admit(token);
    return undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError) return unauthorized("Invalid JWT");
    throw error;
  }
}

function notFound(): Response {
  const body = { code: "NOT_FOUND", message: "Requested function was not found" };
  return Response.json(body, { status: 404, headers: { "access-control-allow-origin": "*" } });
}

function unauthorized(message: string): Response {
  return Response.json({ code: 401, message }, { status: 401, headers: { "access-control-allow-origin": "*" } });
}
