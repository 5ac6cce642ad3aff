import { timingSafeEqual } from "node:crypto";
import { Hono, type MiddlewareHandler } from "hono";
import { refreshDrafts } from "../billing/usage.ts";
import { StripeApiError } from "../errors.ts";
import { API_VERSION } from "../objects/event.ts";
import type { ApiFault } from "../control/faults.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, expansionsOf, newRequestId, readParams } from "./call.ts";
import { checkoutSessionRoutes } from "./checkout-sessions.ts";
import { checkExpansions } from "./expansions.ts";
import { readVersion } from "../objects/versions.ts";
import { customerRoutes } from "./customers.ts";
import { eventDestinationRoutes } from "./event-destinations.ts";
import { eventRoutes } from "./events.ts";
import { idempotency } from "./idempotency.ts";
import { invoiceRoutes } from "./invoices.ts";
import { meterEventRoutes } from "./meter-events.ts";
import { meterRoutes } from "./meters.ts";
import { catalogueRoutes } from "./catalogue.ts";
import { portalRoutes } from "./portal-sessions.ts";
import { subscriptionItemRoutes } from "./subscription-items.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { thinEventRoutes } from "./thin-events.ts";
import { webhookEndpointRoutes } from "./webhook-endpoints.ts";

/** The simulated part of the API at `/v1` and `/v2`. Other paths answer 404, as Stripe does for an unknown URL. */
export function apiApp(simulator: Simulator): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.use(
    requestHeaders(),
    faults(simulator),
    authentication(simulator),
    version(),
    parameters(),
    idempotency(simulator),
  );
  app.use(async (c, next) => {
    await next();
    if (c.req.method !== "GET") simulator.changed();
  });
  app.use(currentUsage(simulator));
  catalogueRoutes(app, simulator);
  customerRoutes(app, simulator);
  checkoutSessionRoutes(app, simulator);
  portalRoutes(app, simulator);
  subscriptionRoutes(app, simulator);
  subscriptionItemRoutes(app, simulator);
  invoiceRoutes(app, simulator);
  eventRoutes(app, simulator);
  meterRoutes(app, simulator);
  meterEventRoutes(app, simulator);
  eventDestinationRoutes(app, simulator);
  thinEventRoutes(app, simulator);
  webhookEndpointRoutes(app, simulator);
  app.notFound((c) => {
    const message = `Unrecognized request URL (${c.req.method}: ${c.req.path}).`;
    return c.json({ error: { type: "invalid_request_error", message } }, 404);
  });
  app.onError((error, c) => {
    if (!(error instanceof StripeApiError)) throw error;
    return new Response(JSON.stringify({ error: error.body }), {
      status: error.status,
      headers: { "content-type": "application/json", "request-id": c.get("requestId"), ...error.headers },
    });
  });
  return app;
}

function requestHeaders(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set("requestId", newRequestId());
    await next();
    c.res.headers.set("request-id", c.get("requestId"));
    c.res.headers.set("stripe-version", c.req.header("stripe-version") ?? API_VERSION);
  };
}

function version(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set("version", readVersion(c.req.header("stripe-version") ?? API_VERSION));
    await next();
  };
}

function parameters(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set("params", await readParams(c.req.raw));
    checkExpansions({ method: c.req.method, path: c.req.path, version: c.get("version") }, expansionsOf(c));
    await next();
  };
}

/** The usage lines of drafts are computed for each call that can read or change an invoice. */
function currentUsage(simulator: Simulator): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (/invoice/.test(c.req.path) || expansionsOf(c).length > 0) refreshDrafts(booksOf(simulator, c));
    await next();
  };
}

function authentication(simulator: Simulator): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const given = presentedKey(c.req.header("authorization"));
    if (given === null) {
      throw unauthorised(
        "You did not provide an API key. You need to provide your API key in the Authorization header, using " +
          "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
      );
    }
    if (!sameText(given, simulator.secretKey)) throw unauthorised(`Invalid API Key provided: ${masked(given)}`);
    await next();
  };
}

/** Returns the key in a Bearer header, or the user name in a Basic header. Stripe accepts both. */
function presentedKey(header: string | undefined): string | null {
  const [scheme, value] = (header ?? "").split(" ");
  if (!value) return null;
  if (scheme === "Bearer") return value;
  if (scheme !== "Basic") return null;
  try {
    return atob(value).split(":")[0] || null;
  } catch {
    return null;
  }
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [new TextEncoder().encode(one), new TextEncoder().encode(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Masks a wrong key in an error message, so that it can be recognised but not used. */
function masked(key: string): string {
  return key.length <= 12 ? "*".repeat(key.length) : `${key.slice(0, 8)}${"*".repeat(8)}${key.slice(-4)}`;
}

function unauthorised(message: string): StripeApiError {
  return new StripeApiError(401, { type: "invalid_request_error", message });
}

function faults(simulator: Simulator): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const fault = simulator.faults.take(c.req.method, c.req.path);
    if (!fault) return await next();
    if (fault.delayMs !== undefined) await simulator.timers.sleep(fault.delayMs);
    switch (fault.kind) {
      case "drop_before":
        c.env.drop();
        return c.body(null);
      case "drop_after_commit":
        await next();
        return c.env.drop();
      case "status":
        return faultResponse(fault);
      case "status_after_commit":
        await next();
        c.res = faultResponse(fault);
        return;
      case "delay":
        return await next();
    }
  };
}

function faultResponse(fault: ApiFault): Response {
  const status = fault.status ?? 500;
  if (fault.body === "html") {
    const page = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>\n`;
    return new Response(page, { status, headers: { "content-type": "text/html" } });
  }
  const error = status === 429
    ? {
      type: "invalid_request_error",
      code: fault.code ?? "rate_limit",
      message: "Too many requests in a short time.",
    }
    : { type: "api_error", message: "An unknown error occurred." };
  return Response.json({ error }, { status });
}
