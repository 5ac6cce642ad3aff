import { createSupabaseContext } from "@supabase/server";
import type { Database } from "../database.types.ts";
import { corsHeaders } from "./cors.ts";
import type { Db } from "./database.ts";
import { type Env, env as readEnv } from "./env.ts";
import { ApiError } from "./errors.ts";
import { isUuid } from "./ids.ts";
import { createLog, describeError, type Log } from "./log.ts";

export type Method = "GET" | "POST";

export interface EndpointOptions {
  /** Who may call: a signed-in user, one whose `app_metadata.role` is operator, the holder of the secret key, or (webhooks, which verify signatures themselves) nobody in particular. */
  auth: "user" | "operator" | "secret" | "none";
  methods: readonly Method[];
}

/** What a handler needs besides the request. */
export interface Context {
  /** The caller. Empty id for endpoints that have none. */
  user: { id: string; email: string | undefined };
  /** Reads as the caller: row level security applies. */
  userDb: Db;
  /** Decides as the service: only after the caller was authorised. */
  db: Db;
  env: Env;
  requestId: string;
  log: Log;
}

export type Handle = (request: Request, context: Context) => Promise<Response>;

/** Answers every request as JSON with `x-request-id` and CORS, whatever the handler throws. */
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
        : await answer(request, options, handle, { env, requestId, log });
    } catch (error) {
      response = errorResponse(error, requestId, log);
    }
    return withHeaders(response, { ...corsHeaders(request, origins), ...SECURITY_HEADERS, "x-request-id": requestId });
  };
}

/** Our answers are data: never sniffed, cached, framed or rendered, and no address of ours travels on. */
const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
};

async function answer(
  request: Request,
  { auth, methods }: EndpointOptions,
  handle: Handle,
  base: Pick<Context, "env" | "requestId" | "log">,
): Promise<Response> {
  if (!(methods as readonly string[]).includes(request.method)) {
    throw new ApiError(
      "method_not_allowed",
      `Cannot ${request.method} here: only ${methods.join(" and ")} are understood`,
      {
        headers: { allow: [...methods, "OPTIONS"].join(", ") },
      },
    );
  }
  const { data, error } = await createSupabaseContext<Database>(request, { auth: auth === "operator" ? "user" : auth });
  if (error !== null) {
    if (error.status >= 500) throw error;
    throw new ApiError("unauthorized", unauthorizedMessage(auth));
  }
  const user = { id: data.userClaims?.id ?? "", email: data.userClaims?.email };
  // A genuine token need not be a user's: one without a user's id would only fail in the database.
  const needsUser = auth === "user" || auth === "operator";
  if (needsUser && !isUuid(user.id.toLowerCase())) throw new ApiError("unauthorized", unauthorizedMessage(auth));
  // app_metadata is what only the service can write; user_metadata is the user's own and proves nothing.
  if (auth === "operator" && data.userClaims?.appMetadata?.["role"] !== "operator") {
    throw new ApiError("forbidden", "Cannot do this: it takes an operator");
  }
  return await handle(request, { ...base, user, userDb: data.supabase, db: data.supabaseAdmin });
}

function unauthorizedMessage(auth: EndpointOptions["auth"]): string {
  return auth !== "secret"
    ? "Cannot tell who is calling: send a valid, unexpired user token as Authorization: Bearer"
    : "Cannot accept this call: send the project's secret key as apikey";
}

/** Turns whatever was thrown into our error shape. Any other error is logged, and the caller learns only the request id. */
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
