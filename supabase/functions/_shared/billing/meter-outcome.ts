import { isStripeFailure, type StripeFailure } from "../stripe/errors.ts";
import type { Enum } from "../platform/database.ts";

/** What is known after a call that created a meter event, in the shape that `settle_metering` takes. */
export interface MeterOutcome {
  outcome: Enum<"metering_outcome">;
  error: string | null;
  /** How long the row waits before it is sent again. */
  delaySeconds: number;
  /** Whether the same call may have another result a moment later. */
  isTransient: boolean;
}

export const ACCEPTED: MeterOutcome = { outcome: "accepted", error: null, delaySeconds: 0, isTransient: false };

/** After Stripe refused a key or was not reached. */
const OUTAGE_SECONDS = 60;
/** After the customer and the meter were locked by other calls, or too many calls were made. */
const BUSY_SECONDS = 15;
/** While Stripe's clock is behind that of the database. */
const CLOCK_SECONDS = 300;
/** Until an operator has created or reactivated the meter. */
const NO_METER_SECONDS = 900;

/**
 * What a failed call to create the meter event with this identifier means. An answer without a known meaning counts as a
 * refusal: the row is sent again some times and then lost with an alert, so that it holds up no other.
 *
 * @param error what the SDK threw
 * @param identifier of the event
 */
export function outcomeOfFailure(error: unknown, identifier: string): MeterOutcome {
  if (!isStripeFailure(error)) return later("unknown", OUTAGE_SECONDS, error);
  const { type, statusCode = 0 } = error;
  if (type === "StripeConnectionError" || statusCode >= 500 || statusCode === 0) {
    return later("unknown", OUTAGE_SECONDS, error);
  }
  if (statusCode === 429) return { ...later("unsent", BUSY_SECONDS, error), isTransient: true };
  // 409: the same call is in progress. An idempotency error says that the key is known, and not with which result.
  if (statusCode === 409 || type === "StripeIdempotencyError") return later("unknown", OUTAGE_SECONDS, error);
  if (statusCode === 401 || statusCode === 403) return later("unsent", OUTAGE_SECONDS, error);
  if (existsAlready(error, identifier)) return ACCEPTED;
  return outcomeOfRefusal(error);
}

/**
 * Whether Stripe has an event with this identifier: then an earlier call was delivered. It answers so with status 400 and
 * without a code of its own, so the message is compared with exactly this identifier.
 */
export function existsAlready({ statusCode, code, message }: StripeFailure, identifier: string): boolean {
  if (statusCode !== 400) return false;
  return code === "duplicate_meter_event" ||
    message.replace(/\.$/, "") === `An event already exists with identifier ${identifier}`;
}

function outcomeOfRefusal(error: StripeFailure): MeterOutcome {
  const { code = "", param = "", message } = error;
  if (code === "archived_meter" || code === "no_meter" || param === "event_name") {
    return later("no_meter", NO_METER_SECONDS, error);
  }
  if (code === "meter_event_customer_not_found" || param === "payload[stripe_customer_id]") {
    return later("customer_gone", 0, error);
  }
  // The clocks of the database and of Stripe differ.
  if (code === "timestamp_in_future" || (param === "timestamp" && /\bfuture\b/.test(message))) {
    return later("too_early", CLOCK_SECONDS, error);
  }
  return later("refused", 0, error);
}

function later(outcome: MeterOutcome["outcome"], delaySeconds: number, error: unknown): MeterOutcome {
  return { outcome, delaySeconds, error: describe(error), isTransient: outcome === "unknown" };
}

/** The status, the code and the start of the message. A connection error names no more than its type. */
function describe(error: unknown): string {
  if (!isStripeFailure(error)) return error instanceof Error ? error.name : "unknown";
  const { statusCode, code, type, message } = error;
  return [statusCode ?? type, code, message].filter((part) => part !== undefined && part !== "").join(" ").slice(
    0,
    300,
  );
}
