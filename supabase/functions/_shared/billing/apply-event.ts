import type Stripe from "stripe";
import type { Json } from "../database.types.ts";
import { type Db, decide, decision, type Enum } from "../platform/database.ts";
import { type EventSubject, subjectOf } from "./event-subject.ts";
import { readSubscription } from "./subscription.ts";

const beginStripeEvent = decision("begin_stripe_event", {
  pending: ["type", "payload", "read_number"],
  processed: [],
  not_found: [],
});
const recordSubscription = decision("record_subscription", {
  recorded: ["user_id"],
  unlinked: [],
  superseded: ["user_id?"],
});

export interface ApplyEventDependencies {
  db: Db;
  stripe: Stripe;
}

/**
 * Processes one stored event. The event only says what to read: the subscription's current state at Stripe is recorded, so
 * duplicate, late and simultaneous events have the same result.
 */
export async function applyStripeEvent(eventId: string, { db, stripe }: ApplyEventDependencies): Promise<void> {
  const stored = await beginStripeEvent(db, { p_event_id: eventId });
  switch (stored.outcome) {
    case "not_found":
      throw new Error(`Cannot process event "${eventId}": it is not in the ledger`);
    case "processed":
      return;
    case "pending":
      await decide(db, "settle_stripe_event", { p_event_id: eventId, p_result: await apply(stored, { db, stripe }) });
  }
}

interface StoredEvent {
  type: string;
  payload: Json;
  /** Allocated before Stripe is read. Of overlapping reads, the database keeps the one with the highest number. */
  read_number: number;
}

async function apply(
  { type, payload, read_number: readNumber }: StoredEvent,
  { db, stripe }: ApplyEventDependencies,
): Promise<Enum<"event_result">> {
  const subject = subjectOf(type, payload);
  if (subject === null) return "ignored";
  if (subject.userId !== null && subject.customerId !== null) {
    await decide(db, "link_stripe_customer", {
      p_customer_id: subject.customerId,
      p_user_id: subject.userId,
      p_origin: subject.origin,
    });
  }
  const subscriptions = await subscriptionsOf(subject, stripe);
  const outcomes = await Promise.all(
    subscriptions.map((subscription) => record(subscription, subject, readNumber, db)),
  );
  return outcomes.find((outcome) => outcome !== "recorded") ?? outcomes[0] ?? "nothing_to_record";
}

/** The subscription of an event, or all subscriptions of its customer. */
async function subscriptionsOf(
  subject: { subscriptionId: string | null; customerId: string | null },
  stripe: Stripe,
): Promise<Stripe.Subscription[]> {
  if (subject.subscriptionId !== null) return [await stripe.subscriptions.retrieve(subject.subscriptionId)];
  if (subject.customerId === null) return [];
  return await stripe.subscriptions.list({ customer: subject.customerId, status: "all", limit: 100 }).autoPagingToArray(
    { limit: 1000 },
  );
}

async function record(
  subscription: Stripe.Subscription,
  subject: EventSubject,
  readNumber: number,
  db: Db,
): Promise<Enum<"record_subscription_outcome">> {
  const facts = readSubscription(subscription);
  const { userId, origin } = facts.userId === null ? subject : { userId: facts.userId, origin: "metadata" as const };
  const recorded = await recordSubscription(db, {
    p_subscription_id: facts.id,
    p_customer_id: facts.customerId,
    p_user_id: userId,
    p_origin: origin,
    p_status: facts.status,
    p_price_id: facts.priceId,
    p_lookup_key: facts.lookupKey,
    p_current_period_start: facts.currentPeriodStart,
    p_current_period_end: facts.currentPeriodEnd,
    p_cancel_at: facts.cancelAt,
    p_ended_at: facts.endedAt,
    p_created_at: facts.createdAt,
    p_read_number: readNumber,
  });
  return recorded.outcome;
}
