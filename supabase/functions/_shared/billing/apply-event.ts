import type Stripe from "stripe";
import { type Db, decide, rows } from "../platform/database.ts";
import { subjectOf } from "./event-subject.ts";
import { readSubscription } from "./subscription.ts";

export interface ApplyEventDependencies {
  db: Db;
  stripe: Stripe;
}

/**
 * Processes one stored event. An event only says "look again": what counts is what Stripe says of the subscription now, so
 * duplicates, late ones and ties all come to the same.
 */
export async function applyStripeEvent(eventId: string, { db, stripe }: ApplyEventDependencies): Promise<void> {
  const [stored] = await rows(db, "stripe_event", { p_event_id: eventId });
  if (stored === undefined) throw new Error(`Cannot process event "${eventId}": it is not in the ledger`);
  if (stored.outcome === "processed") return;
  const result = await apply(stored, { db, stripe });
  await decide(db, "settle_stripe_event", { p_event_id: eventId, p_result: result });
}

interface StoredEvent {
  type: string;
  payload: unknown;
  /** Drawn before Stripe is read: of reads that overlap the database keeps the later one. */
  ticket: number;
}

async function apply({ type, payload, ticket }: StoredEvent, { db, stripe }: ApplyEventDependencies): Promise<string> {
  const subject = subjectOf(type, payload);
  if (subject === null) return "ignored";
  if (subject.userId !== null && subject.customerId !== null) {
    await decide(db, "link_stripe_customer", { p_customer_id: subject.customerId, p_user_id: subject.userId });
  }
  const subscriptions = await subscriptionsOf(subject, stripe);
  const outcomes = await Promise.all(
    subscriptions.map((subscription) => record(subscription, subject.userId, ticket, db)),
  );
  return outcomes.find((outcome) => outcome !== "recorded") ?? outcomes[0] ?? "nothing_to_record";
}

/** The one subscription an event is about; or, when it is about a customer, all of theirs. */
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
  userId: string | null,
  ticket: number,
  db: Db,
): Promise<string> {
  const facts = readSubscription(subscription);
  const recorded = await decide(db, "record_subscription", {
    p_subscription_id: facts.id,
    p_customer_id: facts.customerId,
    p_user_id: facts.userId ?? userId,
    p_status: facts.status,
    p_price_id: facts.priceId,
    p_lookup_key: facts.lookupKey,
    p_current_period_end: facts.currentPeriodEnd,
    p_cancel_at: facts.cancelAt,
    p_ended_at: facts.endedAt,
    p_created_at: facts.createdAt,
    p_ticket: ticket,
  });
  return recorded.outcome;
}
