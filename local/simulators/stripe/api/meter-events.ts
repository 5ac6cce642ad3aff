import type { Hono } from "hono";
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { invalidRequest, StripeApiError } from "../errors.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, reply } from "./call.ts";
import { parameters, parse, text, whole } from "./form.ts";

const DAY = 86_400;
const OLDEST_SECONDS = 35 * DAY;
/** Stripe tolerates clocks that are up to five minutes ahead. */
const AHEAD_SECONDS = 300;
/** How long a call locks its customer and meter: long enough that concurrent calls collide. */
const LOCK_MS = 15;

const CreateMeterEvent = parameters({
  event_name: text.max(100),
  payload: z.object({ stripe_customer_id: text, value: text }).catchall(z.string()),
  identifier: text.max(100).optional(),
  timestamp: whole.optional(),
});

/** Meter events: create. Only one call per customer and meter can run at a time, and an identifier counts once. */
export function meterEventRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { meterEvents, customers } = simulator.records;
  const locked = new Set<string>();

  app.post("/v1/billing/meter_events", async (c) => {
    const input = parse(CreateMeterEvent, c.get("params"));
    const now = simulator.clock.seconds();
    const timestamp = input.timestamp ?? now;
    checkTimestamp(timestamp, now);
    const { value, stripe_customer_id: customer } = input.payload;
    if (!/^-?\d{1,15}$/.test(value)) {
      throw invalidRequest(`Invalid value: ${value}. The value must be a whole number.`, "payload[value]");
    }

    const lock = `${customer} ${input.event_name}`;
    if (locked.has(lock)) throw lockTimeout();
    locked.add(lock);
    await simulator.timers.sleep(LOCK_MS);
    locked.delete(lock);

    const identifier = input.identifier ?? randomUUID();
    const known = meterEvents.get(identifier);
    if (known && now - known.event.created < DAY) {
      throw new StripeApiError(400, {
        type: "invalid_request_error",
        message: `An event already exists with identifier ${identifier}.`,
      }, { "stripe-should-retry": "false" });
    }
    const event = {
      object: "billing.meter_event" as const,
      created: now,
      event_name: input.event_name,
      identifier,
      livemode: false,
      payload: input.payload,
      timestamp,
    };
    // Stripe processes meter events asynchronously: a call with an unknown customer succeeds.
    const owner = customers.get(customer);
    const outcome = owner && !("deleted" in owner) ? "recorded" : "no_such_customer";
    meterEvents.set(identifier, { id: identifier, event, outcome });
    return reply(simulator, c, event);
  });
}

function checkTimestamp(timestamp: number, now: number): void {
  if (timestamp < now - OLDEST_SECONDS) {
    throw invalidRequest(
      "The event timestamp cannot be more than 35 days in past. " +
        `Expected a timestamp greater than or equal to ${now - OLDEST_SECONDS}.`,
      "timestamp",
    );
  }
  if (timestamp > now + AHEAD_SECONDS) {
    throw invalidRequest("The event timestamp cannot be more than 5 minutes in the future.", "timestamp");
  }
}

function lockTimeout(): StripeApiError {
  return new StripeApiError(429, {
    type: "invalid_request_error",
    code: "lock_timeout",
    message: "This object cannot be accessed right now because another API request or Stripe process is currently " +
      "accessing it. If you see this error intermittently, retry the request. If you see this error frequently and " +
      "are making multiple concurrent requests to a single object, make your requests serially or at a lower rate.",
  });
}
