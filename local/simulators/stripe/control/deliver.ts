import * as z from "zod";
import { noSuch } from "../errors.ts";
import { buildEvent, buildThinEvent, NO_ORIGIN } from "../objects/event.ts";
import { reportData } from "../metering/reports.ts";
import { inOldShape } from "../objects/old-shape.ts";
import type { StripeEvent, ThinEvent } from "../objects/shapes.ts";
import type { DeliveryRecord } from "../records.ts";
import type { Simulator } from "../simulator.ts";

/** A snapshot event. Missing fields are generated. */
const GivenEvent = z.strictObject({
  id: z.string().min(1).optional(),
  object: z.literal("event").optional(),
  type: z.string().min(1),
  created: z.int().optional(),
  api_version: z.string().optional(),
  livemode: z.literal(false).optional(),
  pending_webhooks: z.int().optional(),
  request: z.strictObject({ id: z.string().nullable(), idempotency_key: z.string().nullable() }).optional(),
  data: z.strictObject({
    object: z.record(z.string(), z.unknown()),
    previous_attributes: z.record(z.string(), z.unknown()).optional(),
  }).default({ object: {} }),
});
const GivenThinEvent = z.strictObject({
  id: z.string().min(1).optional(),
  object: z.literal("v2.core.event"),
  type: z.string().min(1).optional(),
  related_object: z.strictObject({ id: z.string(), type: z.string(), url: z.string() }).nullable().optional(),
  /** What `GET /v2/core/events/{id}` answers. */
  data: z.record(z.string(), z.unknown()).optional(),
});

/** The body of `POST /_sim/deliver`. */
export const DeliverRequest = z.strictObject({
  eventId: z.string().optional(),
  eventIds: z.array(z.string()).min(1).max(100).optional(),
  event: z.union([GivenThinEvent, GivenEvent]).optional(),
  /** The number of deliveries of each event. */
  times: z.int().min(1).max(100).default(1),
  /** The delay before the first delivery. */
  delayMs: z.int().min(0).max(60_000).default(0),
  signature: z.enum(["valid", "bad", "old", "future"]).default("valid"),
  /** Sequentially in the given or reversed order, or all concurrently. */
  order: z.enum(["sequence", "reversed", "together"]).default("sequence"),
  /** `old` renders events for an endpoint that is pinned to a 2024 API version. */
  shape: z.enum(["current", "old"]).default("current"),
}).refine(
  (request) => [request.eventId, request.eventIds, request.event].filter((given) => given !== undefined).length === 1,
  "exactly one of eventId, eventIds and event must be given",
);
export type DeliverRequest = z.infer<typeof DeliverRequest>;

/** The response: all attempts, and their statuses for quick assertions (null without a response). */
export interface DeliverAnswer {
  eventIds: string[];
  statuses: (number | null)[];
  deliveries: DeliveryRecord[];
}

/** Delivers stored or given events and resolves when all attempts have ended. */
export async function deliver(simulator: Simulator, request: DeliverRequest): Promise<DeliverAnswer> {
  const events = chooseEvents(simulator, request);
  if (request.order === "reversed") events.reverse();
  await simulator.timers.sleep(request.delayMs);
  const due = events.flatMap((event) => Array.from({ length: request.times }, () => event));
  const send = (event: StripeEvent | ThinEvent) => {
    const rendered = event.object === "event" && request.shape === "old" ? inOldShape(event) : event;
    return simulator.courier.post(event, request.signature, true, rendered);
  };
  /** Thin events go to the thin webhook URL, if there is one. */
  const sendTo = async (event: StripeEvent | ThinEvent) => {
    const delivery = event.object === "event" ? null : await simulator.thinCourier.post(event, request.signature);
    return delivery ?? await send(event);
  };
  const deliveries: DeliveryRecord[] = [];
  if (request.order === "together") deliveries.push(...await Promise.all(due.map(sendTo)));
  else for (const event of due) deliveries.push(await sendTo(event));
  return { eventIds: events.map(({ id }) => id), statuses: deliveries.map(({ status }) => status), deliveries };
}

function chooseEvents(simulator: Simulator, request: DeliverRequest): (StripeEvent | ThinEvent)[] {
  const ids = request.eventIds ?? (request.eventId !== undefined ? [request.eventId] : []);
  const stored = ids.map((id) => {
    const record = simulator.records.events.get(id) ?? simulator.records.thinEvents.get(id);
    if (!record) throw noSuch("event", id);
    return record.event;
  });
  return request.event ? [complete(simulator, request.event)] : stored;
}

/** Completes a given event and stores it, so that the API can return it. */
function complete(simulator: Simulator, given: NonNullable<DeliverRequest["event"]>): StripeEvent | ThinEvent {
  const now = simulator.clock.seconds();
  if (given.object === "v2.core.event") {
    return completeThin(simulator, given);
  }
  const event = buildEvent({
    id: given.id,
    type: given.type,
    object: given.data.object,
    previous: given.data.previous_attributes,
    origin: given.request ?? NO_ORIGIN,
    created: given.created ?? now,
  });
  if (given.api_version !== undefined) event.api_version = given.api_version;
  const { events } = simulator.records;
  if (!events.has(event.id)) {
    // `dropped` prevents automatic deliveries: the event is delivered only by this control.
    events.set(event.id, { id: event.id, event, delivery: "dropped", attempts: 0, nextAttemptAt: null });
    simulator.changed();
  }
  return event;
}

/** Completes a given thin event. Its data is a report without errors, if it has none. */
function completeThin(simulator: Simulator, given: z.infer<typeof GivenThinEvent>): ThinEvent {
  const event = buildThinEvent({
    id: given.id,
    type: given.type,
    relatedObject: given.related_object,
    createdMs: simulator.now(),
  });
  const { thinEvents } = simulator.records;
  if (!thinEvents.has(event.id)) {
    const data = given.data ?? reportData({ start: simulator.now() - 10_000, end: simulator.now(), errors: [] }, 0);
    // `dropped` prevents automatic deliveries: the event is delivered only by this control.
    thinEvents.set(event.id, { id: event.id, event, data, to: null, delivery: "dropped", attempts: 0 });
    simulator.changed();
  }
  return event;
}
