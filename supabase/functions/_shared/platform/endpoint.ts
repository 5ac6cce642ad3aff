import { createAdminClient, createContextClient } from "@supabase/server/core";
import type { Database } from "../database.types.ts";
import { type Auth, callerOf, type User } from "./claims.ts";
import { corsHeaders } from "./cors.ts";
import type { Db } from "./database.ts";
import { type Env, env as readEnv } from "./env.ts";
import { ApiError } from "./errors.ts";
import { floodCounter } from "./flood.ts";
import { createLog, describeError, type Log } from "./log.ts";

export type Method = "GET" | "POST";

export interface EndpointOptions {
  auth: Auth;
  methods: readonly Method[];
  /** How many large bodies of a user this endpoint reads per minute and isolate. Default: as many as others. */
  largeBodies?: number;
}

/** What a handler needs in addition to the request. */
export interface Context {
  /** The caller. */
  user: User;
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
  const refuseFlood = floodCounter(options.largeBodies);
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
        : await respond(request, options, handle, { env, requestId, log, refuseFlood });
    } catch (error) {
      response = errorResponse(error, requestId, log);
    }
    return withHeaders(response, { ...corsHeaders(request, origins), ...SECURITY_HEADERS, "x-request-id": requestId });
  };
}

/** Responses are data: browsers must not sniff, frame or render them, nor pass on our addresses. */
const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** Unless the response has others: it is not cached, and what it contains can load nothing. */
const DEFAULT_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

async function respond(
  request: Request,
  { auth, methods }: EndpointOptions,
  handle: Handle,
  { refuseFlood, ...base }: Pick<Context, "env" | "requestId" | "log"> & {
    refuseFlood: ReturnType<typeof floodCounter>;
  },
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
  const { user, token } = await callerOf(request, auth, base.env);
  if (user.id !== "") refuseFlood(request, user.id, base.env);
  return await handle(request, {
    ...base,
    user,
    get userDb() {
      return createContextClient<Database>({ auth: { token } });
    },
    db: serviceDb(),
  });
}

let madeServiceDb: Db | undefined;

/** The client that acts as the service, one for all requests of this isolate: it holds no session. */
function serviceDb(): Db {
  return madeServiceDb ??= createAdminClient<Database>();
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
  const merged = new Headers({ ...DEFAULT_HEADERS, ...Object.fromEntries(response.headers) });
  for (const [name, value] of Object.entries(headers)) merged.set(name, value);
  return new Response(response.body, { status: response.status, headers: merged });
}

/** The platform calls a function as `/<name>/…`. */
function functionName(request: Request): string {
  return new URL(request.url).pathname.split("/")[1] ?? "";
}
