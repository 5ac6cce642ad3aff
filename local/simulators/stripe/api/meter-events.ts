import type { Hono } from "hono";
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { runDueWork } from "../due-work.ts";
import { invalidRequest, StripeApiError } from "../errors.ts";
import { customerKey, ownerProblem, rejectionMessage, valueKey, valueProblem } from "../metering/rejections.ts";
import { meteringSettings } from "../metering/settings.ts";
import { newId } from "../objects/ids.ts";
import { meterOf } from "../objects/meter.ts";
import type { MeterEventRecord } from "../records.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiContext, type ApiEnv, reply } from "./call.ts";
import { parameters, parse, text, whole } from "./form.ts";

const DAY = 86_400;
const OLDEST_SECONDS = 35 * DAY;
/** Stripe tolerates clocks that are up to five minutes ahead. */
const AHEAD_SECONDS = 300;
/** How long a call locks its customer and meter: long enough that concurrent calls collide. */
const LOCK_MS = 15;

const CreateMeterEvent = parameters({
  event_name: text.max(100),
  payload: z.record(z.string(), z.string()),
  identifier: text.max(100).optional(),
  timestamp: whole.optional(),
});
const CreateAdjustment = parameters({
  event_name: text.max(100),
  type: z.literal("cancel"),
  cancel: z.strictObject({ identifier: text.max(100) }),
});

/**
 * Meter events: create, and cancel by an adjustment. Only one call per customer and meter can run at a time, and an
 * identifier is unique for 24 hours. An event that was accepted is processed later: then it is counted or rejected.
 */
export function meterEventRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { meterAdjustments, meterEvents, meterIdentifiers, meterQueue, meters } = simulator.records;
  const locked = new Set<string>();

  app.post("/v1/billing/meter_events", async (c) => {
    const input = parse(CreateMeterEvent, c.get("params"));
    const timestamp = input.timestamp ?? simulator.clock.seconds();
    checkTimestamp(timestamp, simulator.clock.seconds());
    checkPayload(simulator, input.event_name, input.payload);

    const customer = input.payload[customerKey(meterOf(meters.values(), input.event_name))];
    const lock = `${customer} ${input.event_name}`;
    if (locked.has(lock)) throw lockTimeout();
    locked.add(lock);
    await simulator.timers.sleep(LOCK_MS);
    locked.delete(lock);

    const identifier = input.identifier ?? randomUUID();
    if (isTaken(simulator, identifier)) throw alreadyExists(identifier);
    const record = received(simulator, c, { ...input, identifier, timestamp }, customer);
    meterEvents.set(record.id, record);
    meterIdentifiers.set(identifier, { id: identifier, eventId: record.id });
    meterQueue.set(record.id, { id: record.id, at: processedAt(simulator) });
    runDueWork(simulator);
    return reply(simulator, c, record.event);
  });

  app.post("/v1/billing/meter_event_adjustments", (c) => {
    const { event_name, type, cancel: { identifier } } = parse(CreateAdjustment, c.get("params"));
    const event = eventToCancel(simulator, event_name, identifier);
    const id = newId("mea");
    const adjustment = {
      object: "billing.meter_event_adjustment" as const,
      cancel: { identifier },
      event_name,
      livemode: false,
      status: "pending",
      type,
    };
    meterAdjustments.set(id, { id, adjustment, eventId: event.id });
    meterQueue.set(id, { id, at: processedAt(simulator) });
    runDueWork(simulator);
    return reply(simulator, c, adjustment);
  });
}

function received(
  simulator: Simulator,
  c: ApiContext,
  input: { event_name: string; payload: Record<string, string>; identifier: string; timestamp: number },
  customer: string | undefined,
): MeterEventRecord {
  const created = simulator.clock.seconds();
  const { event_name, identifier, payload, timestamp } = input;
  return {
    id: newId("mev"),
    event: { object: "billing.meter_event", created, event_name, identifier, livemode: false, payload, timestamp },
    receivedAt: created,
    requestId: c.get("requestId"),
    idempotencyKey: c.req.header("idempotency-key") ?? null,
    status: "pending",
    rejection: null,
    forcedRejection: simulator.meterFaults.take(customer),
    processedAt: null,
    canceledAt: null,
    meter: null,
    customer: null,
    value: null,
  };
}

function processedAt(simulator: Simulator): number {
  return simulator.now() + meteringSettings(simulator.records).processingSeconds * 1000;
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

/** Refuses what the settings say that Stripe checks before it accepts an event. */
function checkPayload({ records }: Simulator, eventName: string, payload: Record<string, string>): void {
  const { checks, values } = meteringSettings(records);
  const meter = meterOf(records.meters.values(), eventName);
  const value = values === "at_once" ? valueProblem(payload, meter) : null;
  if (value !== null) {
    throw invalidRequest(rejectionMessage(value, eventName, payload, meter), `payload[${valueKey(meter)}]`);
  }
  const owner = checks === "at_once" ? ownerProblem(payload, meter, records.customers) : null;
  if (owner === null) return;
  const isMeter = owner === "no_meter" || owner === "archived_meter";
  const param = isMeter ? "event_name" : `payload[${customerKey(meter)}]`;
  throw invalidRequest(rejectionMessage(owner, eventName, payload, meter), param);
}

/** Whether an event with this identifier was received in the last 24 hours. */
function isTaken({ records, clock }: Simulator, identifier: string): boolean {
  const known = records.meterEvents.get(records.meterIdentifiers.get(identifier)?.eventId ?? "");
  if (known === undefined || clock.seconds() - known.receivedAt >= DAY) return false;
  return known.status !== "rejected" || meteringSettings(records).rejectedIdentifiers === "exist";
}

/** @throws StripeApiError if the event is unknown, too old, or of another event name, or cannot be canceled */
function eventToCancel({ records, clock }: Simulator, eventName: string, identifier: string): MeterEventRecord {
  const record = records.meterEvents.get(records.meterIdentifiers.get(identifier)?.eventId ?? "");
  const param = "cancel[identifier]";
  if (record === undefined || record.event.event_name !== eventName || record.status === "rejected") {
    throw invalidRequest(`No event was found with event_name ${eventName} and identifier ${identifier}.`, param);
  }
  if (clock.seconds() - record.receivedAt >= DAY) {
    throw invalidRequest(`The event with identifier ${identifier} was received more than 24 hours ago.`, param);
  }
  const isCanceled = [...records.meterAdjustments.values()].some(({ eventId }) => eventId === record.id);
  if (isCanceled) throw invalidRequest(`The event with identifier ${identifier} is already canceled.`, param);
  return record;
}

function alreadyExists(identifier: string): StripeApiError {
  return new StripeApiError(400, {
    type: "invalid_request_error",
    message: `An event already exists with identifier ${identifier}.`,
  }, { "stripe-should-retry": "false" });
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
