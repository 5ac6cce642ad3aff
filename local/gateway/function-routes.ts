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
  /** The origin of the gateway. */
  url: string;
  /** The IP address of the caller. */
  peer: string;
}

const PREFIX = "/functions/v1";
/** Excludes folders that begin with an underscore: they contain shared code, not a function. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/**
 * Forwards a request for `/functions/v1/<name>/…` to the functions process as the platform does: to `/<name>/…` on
 * another origin, with the public origin in `X-Forwarded-*`. A function with `verify_jwt` requires a valid user token.
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
    const rejection = await rejectInvalidToken(request, tokens);
    if (rejection) return rejection;
  }
  const headers = new Headers(request.headers);
  const { host, protocol } = new URL(url);
  // As the platform's proxies do: one header is theirs alone, and to the other they append what they see.
  headers.set("cf-connecting-ip", peer);
  headers.append("x-forwarded-for", peer);
  headers.set("x-forwarded-host", host);
  headers.set("x-forwarded-proto", protocol.slice(0, -1));
  try {
    return await functions.process.fetch(path + search, request, headers);
  } catch (error) {
    console.error(`Cannot reach the function "${name}": ${error instanceof Error ? error.message : error}`);
    return Response.json({ code: "WORKER_ERROR", message: "Function did not respond" }, { status: 502 });
  }
}

async function rejectInvalidToken(request: Request, tokens: UserTokens): Promise<Response | undefined> {
  const token = userTokenOf(request);
  if (token === undefined) return unauthorized("Missing authorization header");
  try {
    await tokens.toInternal(token);
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
