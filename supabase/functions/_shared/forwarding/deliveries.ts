import * as z from "zod";
import { Constants } from "../database.types.ts";
import { RESPONSE_LINK_SECONDS } from "../media/link.ts";
import { type Db, decision, type Row, rowFrom, rows } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../platform/paging.ts";
import { isoOf, momentInQuery, timestampOf, timestampSchema } from "../platform/time.ts";
import { type EventDependencies, eventOf, type EventSource, forwardedEventSchema } from "./event.ts";

const { forward_delivery_status: STATUSES, forward_failure: FAILURES } = Constants.public.Enums;

const statusSchema = z.enum(STATUSES).meta({
  id: "ForwardDeliveryStatus",
  description: "pending: another attempt follows. failed: none does. canceled: the webhook was removed or disabled",
});

export const deliveriesQuery = z.strictObject({
  status: statusSchema.optional(),
  since: momentInQuery.optional().describe("ISO 8601 with a time zone: first attempted from this moment on"),
  until: momentInQuery.optional().describe("ISO 8601 with a time zone: first attempted before this moment"),
  limit: limitParameter(200, 50),
  cursor: cursorParameter(z.tuple([timestampSchema, z.guid()])),
}).meta({ id: "ForwardDeliveriesQuery" });

const attemptSchema = z.strictObject({
  at: z.string(),
  status: z.number().nullable().describe("The status of the response; null without one"),
  durationMs: z.number().nullable().describe("How long the response took; null without one"),
  failure: z.enum(FAILURES).nullable().describe(
    "refused: no 2xx. no_response: none within ten seconds. not_public: the URL is not accepted any more",
  ),
});

export const deliverySchema = z.strictObject({
  id: z.guid().describe("The id of the message or the notice, and of its event (the header webhook-id)"),
  status: statusSchema,
  attemptCount: z.number(),
  lastAttempt: attemptSchema,
  nextAttemptAt: z.string().nullable(),
  createdAt: z.string(),
}).meta({ id: "ForwardDelivery", description: "The delivery of a received message or a notice to your webhook" });

export const deliveryPageSchema = z.strictObject({ deliveries: z.array(deliverySchema), next: nextSchema })
  .meta({ id: "ForwardDeliveryPage", description: "Deliveries, newest first" });

export const deliveryDetailsSchema = z.strictObject({
  delivery: deliverySchema,
  attempts: z.array(attemptSchema).describe("The last 20, the oldest first"),
  event: forwardedEventSchema
    .describe("The body, as the next attempt would have it: what is deleted from the message is not in it"),
}).meta({ id: "ForwardDeliveryDetails", description: "One delivery with its attempts and its body" });

type Delivery = z.output<typeof deliverySchema>;

export type DeliveryDependencies = EventDependencies;

/** One page of a tenant's deliveries. */
export async function listDeliveries(
  db: Db,
  userId: string,
  query: z.output<typeof deliveriesQuery>,
): Promise<z.output<typeof deliveryPageSchema>> {
  const [beforeAt, beforeId] = query.cursor ?? [null, null];
  const found = await rows(db, "list_forward_deliveries", {
    p_user_id: userId,
    p_status: query.status ?? null,
    p_since: query.since ?? null,
    p_until: query.until ?? null,
    p_before_at: beforeAt,
    p_before_id: beforeId,
    p_limit: query.limit,
  });
  const nextOf = (last: Row<"forward_deliveries">) => writeCursor([timestampOf(last.created_at), last.id]);
  const { items: deliveries, next } = page(found, query.limit, deliveryOf, nextOf);
  return { deliveries, next };
}

/** One delivery, and the event that its attempts post. @throws ApiError `not_found` */
export async function deliveryDetails(
  userId: string,
  id: string,
  dependencies: DeliveryDependencies,
): Promise<z.output<typeof deliveryDetailsSchema>> {
  const of = (source: EventSource) => eventOf({ userId, id, source }, RESPONSE_LINK_SECONDS, dependencies);
  const [[row], message, notice] = await Promise.all([
    rows(dependencies.db, "forward_delivery_of", { p_user_id: userId, p_id: id }),
    of("message"),
    of("notice"),
  ]);
  const event = message ?? notice;
  if (row === undefined || event === null) throw unknownDelivery(id);
  return { delivery: deliveryOf(row), attempts: attemptsOf(row), event };
}

const replay = decision("replay_forward_delivery", {
  replayed: ["delivery"],
  pending: [],
  not_enabled: [],
  not_found: [],
});

/** Enqueues another attempt under the same event id. @throws ApiError `not_found`, `delivery_pending`, `webhook_not_enabled` */
export async function replayDelivery(
  db: Db,
  { userId, id, requestId }: { userId: string; id: string; requestId: string },
): Promise<Delivery> {
  const replayed = await replay(db, { p_user_id: userId, p_id: id, p_request_id: requestId });
  switch (replayed.outcome) {
    case "replayed":
      return deliveryOf(rowFrom("forward_deliveries", replayed.delivery));
    case "pending":
      throw new ApiError("delivery_pending", `Cannot replay the delivery "${id}": another attempt follows anyway`);
    case "not_enabled":
      throw new ApiError("webhook_not_enabled", "Cannot replay a delivery: you have no webhook that is in use");
    case "not_found":
      throw unknownDelivery(id);
  }
}

function unknownDelivery(id: string): ApiError {
  return new ApiError("not_found", `Cannot find a delivery "${id}" of yours`);
}

function deliveryOf(row: Row<"forward_deliveries">): Delivery {
  return {
    id: row.id,
    status: row.status,
    attemptCount: row.attempt_count,
    lastAttempt: attemptsOf(row).at(-1)!,
    nextAttemptAt: isoOf(row.next_attempt_at),
    createdAt: isoOf(row.created_at),
  };
}

function attemptsOf({ attempts }: Row<"forward_deliveries">): z.output<typeof attemptSchema>[] {
  return (attempts as z.output<typeof attemptSchema>[]).map((attempt) => ({ ...attempt, at: isoOf(attempt.at) }));
}
