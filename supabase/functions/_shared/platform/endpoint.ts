import { createAdminClient, createContextClient, verifyAuth } from "@supabase/server/core";
import type { Database } from "../database.types.ts";
import { corsHeaders } from "./cors.ts";
import type { Db } from "./database.ts";
import { type Env, env as readEnv } from "./env.ts";
import { ApiError } from "./errors.ts";
import { refuseFlood } from "./flood.ts";
import { isUuid } from "./ids.ts";
import { createLog, describeError, type Log } from "./log.ts";

export type Method = "GET" | "POST";

export interface EndpointOptions {
  /**
   * The caller: a signed-in user, a user whose `app_metadata.role` is operator, or the holder of the secret key. `none` is
   * for webhooks, whose handlers verify signatures.
   */
  auth: "user" | "operator" | "secret" | "none";
  methods: readonly Method[];
}

/** What a handler needs in addition to the request. */
export interface Context {
  /** The caller. The id is empty for an endpoint without a user. */
  user: { id: string; email: string | undefined };
  /** Acts as the caller, under row level security. Made on first use. */
  readonly userDb: Db;
  /** Acts as the service. For use after the caller is authorised. */
  db: Db;
  env: Env;
  requestId: string;
  log: Log;
}

export type Handle = (request: Request, context: Context) => Promise<Response>;

/** Answers every request with `x-request-id` and CORS headers. Errors become JSON. */
export function endpoint(options: EndpointOptions, handle: Handle): (request: Request) => Promise<Response> {
  return async (request) => {
    const requestId = crypto.randomUUID();
    const log = createLog({ requestId, function: functionName(request) });
    let origins: readonly string[] = [];
    let response: Response;
    try {
      const env = readEnv();
      origins = env.ALLOWED_ORIGINS;
      response = request.method === "OPTIONS"
        ? new Response(null, { status: 204 })
        : await respond(request, options, handle, { env, requestId, log });
    } catch (error) {
      response = errorResponse(error, requestId, log);
    }
    return withHeaders(response, { ...corsHeaders(request, origins), ...SECURITY_HEADERS, "x-request-id": requestId });
  };
}

/** Responses are data: browsers must not sniff, cache, frame or render them, nor pass on our addresses. */
const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
};

async function respond(
  request: Request,
  { auth, methods }: EndpointOptions,
  handle: Handle,
  base: Pick<Context, "env" | "requestId" | "log">,
): Promise<Response> {
  if (!(methods as readonly string[]).includes(request.method)) {
    throw new ApiError(
      "method_not_allowed",
      `Cannot ${request.method} here: the methods are ${methods.join(" and ")}`,
      {
        headers: { allow: [...methods, "OPTIONS"].join(", ") },
      },
    );
  }
  const { data, error } = await verifyAuth(request, { auth: auth === "operator" ? "user" : auth });
  if (error !== null) {
    if (error.status >= 500) throw error;
    throw new ApiError("unauthorized", unauthorizedMessage(auth));
  }
  const user = { id: data.userClaims?.id ?? "", email: data.userClaims?.email };
  // A valid token need not belong to a user. Without a user's id the first query would fail.
  const needsUser = auth === "user" || auth === "operator";
  if (needsUser && !isUuid(user.id.toLowerCase())) throw new ApiError("unauthorized", unauthorizedMessage(auth));
  // Only the service can write app_metadata. A user can write their user_metadata, so that proves nothing.
  if (auth === "operator" && data.userClaims?.appMetadata?.["role"] !== "operator") {
    throw new ApiError("forbidden", "Cannot do this: only an operator can");
  }
  if (needsUser) refuseFlood(user.id, base.env);
  return await handle(request, {
    ...base,
    user,
    get userDb() {
      return createContextClient<Database>({ auth: { token: data.token } });
    },
    db: serviceDb(),
  });
}

let madeServiceDb: Db | undefined;

/** The client that acts as the service, one for all requests of this isolate: it holds no session. */
function serviceDb(): Db {
  return madeServiceDb ??= createAdminClient<Database>();
}

function unauthorizedMessage(auth: EndpointOptions["auth"]): string {
  return auth !== "secret"
    ? "Cannot tell who is calling: send a valid, unexpired user token as Authorization: Bearer"
    : "Cannot accept this call: send the project's secret key as apikey";
}

/** The response for anything thrown. An error that is not an ApiError is logged, and the caller sees only the request id. */
function errorResponse(error: unknown, requestId: string, log: Log): Response {
  const apiError = error instanceof ApiError
    ? error
    : new ApiError("internal_error", "Cannot complete the request because of an error on our side");
  if (apiError.status >= 500) {
    log.error("request.failed", { code: apiError.code, ...describeError(apiError.cause ?? error) });
  }
  const body = {
    code: apiError.code,
    message: apiError.message,
    requestId,
    ...(apiError.details && { details: apiError.details }),
  };
  return Response.json(body, { status: apiError.status, headers: apiError.headers });
}

function withHeaders(response: Response, headers: Record<string, string>): Response {
  const merged = new Headers(response.headers);
  for (const [name, value] of Object.entries(headers)) merged.set(name, value);
  return new Response(response.body, { status: response.status, headers: merged });
}

/** The platform calls a function as `/<name>/…`. */
function functionName(request: Request): string {
  return new URL(request.url).pathname.split("/")[1] ?? "";
}
