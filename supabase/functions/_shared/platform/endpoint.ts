import { createAdminClient, createContextClient } from "@supabase/server/core";
import type { Database } from "../database.types.ts";
import { type Auth, callerOf, type User } from "./claims.ts";
import { type Caller, type Contract, isWebhook } from "./contract.ts";
import { corsHeaders } from "./cors.ts";
import type { Db } from "./database.ts";
import { type Env, env as readEnv } from "./env.ts";
import { ApiError } from "./errors.ts";
import { floodCounter } from "./flood.ts";
import { createLog, describeError, type Log } from "./log.ts";
import { expectNoQuery, readQuery } from "./request.ts";
import { methodNotAllowed, type Route, router } from "./route.ts";

export interface EndpointOptions {
  /** How many large bodies of a user this endpoint reads per minute and isolate. Default: as many as others. */
  largeBodies?: number;
}

/** What a handler needs in addition to the request. */
export interface Context {
  /** The caller. */
  user: User;
  /** The path of the operation as its contract has it, such as `/{campaignId}/pause`. Empty for a webhook. */
  path: string;
  /** The parameters of the path, by name. Ids are in lower case. */
  parameters: Route["parameters"];
  /** Acts as the caller, under row level security. Made on first use. */
  readonly userDb: Db;
  /** Acts as the service. For use after the caller is authorised. */
  db: Db;
  env: Env;
  requestId: string;
  log: Log;
}

export type Handle = (request: Request, context: Context) => Promise<Response>;

/** How the callers prove who they are. The handler of a webhook verifies its signature. */
const AUTH = {
  user: "user",
  operator: "operator",
  secret: "secret",
  stripe: "none",
  twilio: "none",
} as const satisfies Record<Caller, Auth>;

/** What an endpoint derives from its contract once. */
interface Offer {
  auth: Auth;
  methods: ReadonlySet<string>;
  /** Null for a webhook, whose handler reads the path and the query. */
  routeOf: ReturnType<typeof router> | null;
  refuseFlood: ReturnType<typeof floodCounter>;
}

/**
 * Offers the operations of a contract. A request with any other path, method or query parameter is refused after its caller
 * is known and before the handler runs: what is ignored must not look accepted. Every response has `x-request-id` and CORS
 * headers. Errors become JSON.
 */
export function endpoint(
  contract: Contract,
  handle: Handle,
  { largeBodies }: EndpointOptions = {},
): (request: Request) => Promise<Response> {
  const offer: Offer = {
    auth: AUTH[contract.caller],
    methods: new Set(contract.operations.map(({ method }) => method)),
    routeOf: isWebhook(contract) ? null : router(contract),
    refuseFlood: floodCounter(largeBodies),
  };
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
        : await respond(request, offer, handle, { env, requestId, log });
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
  { auth, methods, routeOf, refuseFlood }: Offer,
  handle: Handle,
  base: Pick<Context, "env" | "requestId" | "log">,
): Promise<Response> {
  if (!methods.has(request.method)) throw methodNotAllowed(request.method, methods);
  const { user, token } = await callerOf(request, auth, base.env);
  if (user.id !== "") refuseFlood(request, user.id, base.env);
  const route = routeOf === null ? null : acceptedRoute(request, routeOf(request));
  return await handle(request, {
    ...base,
    user,
    path: route?.operation.path ?? "",
    parameters: route?.parameters ?? {},
    get userDb() {
      return createContextClient<Database>({ auth: { token } });
    },
    db: serviceDb(),
  });
}

/** @throws ApiError `invalid_input` for a query that the operation does not have */
function acceptedRoute(request: Request, route: Route): Route {
  const { query } = route.operation;
  if (query === undefined) expectNoQuery(request);
  else readQuery(request, query);
  return route;
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
  const merged = new Headers(response.headers);
  for (const [name, value] of Object.entries(headers)) merged.set(name, value);
  return new Response(response.body, { status: response.status, headers: merged });
}

/** The platform calls a function as `/<name>/…`. */
function functionName(request: Request): string {
  return new URL(request.url).pathname.split("/")[1] ?? "";
}
