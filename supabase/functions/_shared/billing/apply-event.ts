import type Stripe from "stripe";
import type { Json } from "../database.types.ts";
import { type Db, decide, decision, type Enum } from "../platform/database.ts";
import { type EventSubject, subjectOf } from "./event-subject.ts";
import { isMissingAtStripe } from "../stripe/errors.ts";
import { EXPANDED, pricesOf, readSubscription } from "./subscription.ts";

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
 * duplicate, late and simultaneous events have the same result. An event about an object that Stripe does not know, such as
 * one of a connected account, is settled as `ignored`.
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
  const subscriptions = await subscriptionsOf(subject, stripe);
  if (subscriptions === null) {
    await refuseIfKnown(subject, db);
    return "ignored";
  }
  const outcomes = await Promise.all(
    subscriptions.map((subscription) => record(subscription, subject, readNumber, { db, stripe })),
  );
  return outcomes.find((outcome) => outcome !== "recorded") ?? outcomes[0] ?? "nothing_to_record";
}

/** The subscription of an event, or all subscriptions of its customer; null when Stripe does not know the object. */
async function subscriptionsOf(
  { subscriptionId, customerId }: EventSubject,
  stripe: Stripe,
): Promise<Stripe.Subscription[] | null> {
  try {
    if (subscriptionId !== null) {
      return [await stripe.subscriptions.retrieve(subscriptionId, { expand: [EXPANDED] })];
    }
    if (customerId === null) return [];
    return await stripe.subscriptions.list({
      customer: customerId,
      status: "all",
      limit: 100,
      expand: [`data.${EXPANDED}`],
    }).autoPagingToArray({ limit: 1000 });
  } catch (error) {
    if (isMissingAtStripe(error) || isMissingAtStripe(error, "customer")) return null;
    throw error;
  }
}

/**
 * A subscription that was read before does not vanish at Stripe: the key is of another account.
 * @throws Error that keeps the event for a retry, a dead letter and its alert
 */
async function refuseIfKnown({ subscriptionId }: EventSubject, db: Db): Promise<void> {
  if (subscriptionId === null) return;
  const { data, error } = await db.from("subscriptions").select("ended_at").eq("id", subscriptionId).maybeSingle();
  if (error !== null) throw new Error(`Cannot look up subscription "${subscriptionId}": ${error.code}`);
  if (data !== null && data.ended_at === null) {
    throw new Error(`Stripe does not know subscription "${subscriptionId}": is STRIPE_SECRET_KEY of another account?`);
  }
}

async function record(
  subscription: Stripe.Subscription,
  subject: EventSubject,
  readNumber: number,
  { db, stripe }: ApplyEventDependencies,
): Promise<Enum<"record_subscription_outcome">> {
  const facts = readSubscription(subscription);
  const { userId, origin } = facts.namedUserId === null
    ? subject
    : { userId: facts.namedUserId, origin: "metadata" as const };
  if (userId !== null) {
    await decide(db, "link_stripe_customer", { p_customer_id: facts.customerId, p_user_id: userId, p_origin: origin });
  }
  const recorded = await recordSubscription(db, {
    p_subscription_id: facts.id,
    p_customer_id: facts.customerId,
    p_user_id: userId,
    p_origin: origin,
    p_named_user_id: facts.namedUserId,
    p_status: facts.status,
    p_prices: await pricesOf(subscription, stripe) as unknown as Json,
    p_first_payment_pending: facts.firstPaymentPending,
    p_cancel_at: facts.cancelAt,
    p_ended_at: facts.endedAt,
    p_created_at: facts.createdAt,
    p_read_number: readNumber,
  });
  return recorded.outcome;
}
