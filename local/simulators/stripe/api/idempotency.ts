import { createHash } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { StripeApiError } from "../errors.ts";
import { trimOldest } from "../records.ts";
import type { Simulator } from "../simulator.ts";
import type { ApiEnv } from "./call.ts";

const DAY_MS = 86_400_000;
const MAX_SAVED = 2000;

/**
 * Implements the `Idempotency-Key` of POSTs as Stripe does. For one day, a repeated request gets the saved response.
 * The same key with other parameters gets 400, and a request while the first one runs gets 409. Responses to requests
 * that had no effect (400, 401, 409, 429) are not saved.
 */
export function idempotency(simulator: Simulator): MiddlewareHandler<ApiEnv> {
  const running = new Set<string>();
  return async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined || c.req.method !== "POST") return await next();
    const fingerprint = createHash("sha256").update(`${c.req.path}\n${await c.req.text()}`).digest("hex");
    const { answers } = simulator.records;
    const saved = answers.get(key);
    if (saved && simulator.now() - saved.at < DAY_MS) {
      if (saved.fingerprint !== fingerprint) throw keyReused(key);
      return new Response(saved.body, {
        status: saved.status,
        headers: {
          "content-type": "application/json",
          "idempotency-key": key,
          "idempotent-replayed": "true",
          "original-request": saved.requestId,
          "request-id": c.get("requestId"),
        },
      });
    }
    if (running.has(key)) throw keyInUse(key);
    running.add(key);
    try {
      await next();
    } finally {
      running.delete(key);
    }
    c.res.headers.set("idempotency-key", key);
    if (![400, 401, 409, 429].includes(c.res.status)) {
      const body = await c.res.clone().text();
      answers.delete(key);
      answers.set(key, {
        id: key,
        fingerprint,
        status: c.res.status,
        body,
        requestId: c.get("requestId"),
        at: simulator.now(),
      });
      trimOldest(answers, MAX_SAVED);
    }
  };
}

function keyReused(key: string): StripeApiError {
  return new StripeApiError(400, {
    type: "idempotency_error",
    message: "Keys for idempotent requests can only be used with the same parameters they were first used with. " +
      `Try using a key other than '${key}' if you meant to execute a different request.`,
  }, { "stripe-should-retry": "false" });
}

function keyInUse(key: string): StripeApiError {
  return new StripeApiError(409, {
    type: "idempotency_error",
    code: "idempotency_key_in_use",
    message:
      `There is currently another in-progress request using this Idempotent Key: ${key}. Please try again later.`,
  });
}
