import type Stripe from "stripe";
import type { Json } from "../database.types.ts";
import { type Db, decide, decision, type Enum } from "../platform/database.ts";
import { unlessUnknown } from "../stripe/errors.ts";
import { type EventSubject, subjectOf, subjectOfSubscription } from "./event-subject.ts";
import { meterIds } from "./meters.ts";
import { type Applied, ignored, processStored, type StoredEvent } from "./stored-event.ts";
import { EXPANDED, type PricedItem, pricesOf, readSubscription } from "./subscription.ts";

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
 * duplicate, late and simultaneous events have the same result. An event that no retry can process is settled as `ignored`
 * with its reason, such as one about an object that Stripe does not know for our key.
 */
export async function applyStripeEvent(eventId: string, { db, stripe }: ApplyEventDependencies): Promise<void> {
  await processStored(eventId, db, async (event) => await apply(event, { db, stripe }));
}

async function apply(
  { type, payload, read_number: readNumber }: StoredEvent,
  { db, stripe }: ApplyEventDependencies,
): Promise<Applied> {
  const subject = subjectOf(type, payload);
  if (typeof subject === "string") return ignored(subject);
  if (subject.chargeId !== null) return await tellOfPayment(subject.chargeId, type, { db, stripe });
  if (type === "customer.deleted" && subject.customerId !== null) {
    await decide(db, "note_deleted_customer", { p_customer_id: subject.customerId });
  }
  const read = await unlessUnknown(() => subscriptionsOf(subject, stripe));
  if (read === null) {
    await refuseIfKnown(subject, db);
    return ignored("unknown_object");
  }
  await knowMeters(read.flatMap(({ prices }) => prices), { db, stripe });
  const outcomes = await Promise.all(
    read.map(({ subscription, prices }) => record(subscription, prices, subject, readNumber, db)),
  );
  // After the subscription: an invoice is known by it.
  if (subject.invoiceId !== null) await decide(db, "ask_for_invoice", { p_invoice_id: subject.invoiceId });
  const otherwise = subject.invoiceId === null ? "nothing_to_record" : "requested";
  return { result: outcomes.find((outcome) => outcome !== "recorded") ?? outcomes[0] ?? otherwise, reason: null };
}

/** A refund or a dispute moves money, and no usage: the operator learns of it. */
async function tellOfPayment(chargeId: string, type: string, { db, stripe }: ApplyEventDependencies): Promise<Applied> {
  const charge = await unlessUnknown(() => stripe.charges.retrieve(chargeId));
  const customer = charge?.customer ?? null;
  if (charge === null || customer === null) return ignored("unknown_object");
  const outcome = await decide(db, "record_payment_move", {
    p_charge_id: charge.id,
    p_customer_id: typeof customer === "string" ? customer : customer.id,
    p_details: {
      cause: type,
      amount: charge.amount,
      refunded: charge.amount_refunded,
      disputed: charge.disputed,
      currency: charge.currency,
    },
  });
  return outcome === "alerted" ? { result: "recorded", reason: null } : { result: "nothing_to_record", reason: null };
}

interface ReadSubscription {
  subscription: Stripe.Subscription;
  prices: PricedItem[];
}

/** The subscription of an event, or all subscriptions of its customer, each with its prices. */
async function subscriptionsOf(subject: EventSubject, stripe: Stripe): Promise<ReadSubscription[]> {
  const subscriptions = await readSubscriptions(subject, stripe);
  return await Promise.all(subscriptions.map(async (subscription) => ({
    subscription,
    prices: await pricesOf(subscription, stripe),
  })));
}

async function readSubscriptions(
  { subscriptionId, customerId }: EventSubject,
  stripe: Stripe,
): Promise<Stripe.Subscription[]> {
  if (subscriptionId !== null) return [await stripe.subscriptions.retrieve(subscriptionId, { expand: [EXPANDED] })];
  if (customerId === null) return [];
  return await stripe.subscriptions.list({
    customer: customerId,
    status: "all",
    limit: 100,
    expand: [`data.${EXPANDED}`],
  }).autoPagingToArray({ limit: 1000 });
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

/**
 * Reads one subscription from Stripe and records it, without an event.
 * @param readNumber allocated before the change at Stripe that is to be seen (`next_stripe_read`)
 */
export async function recordRead(
  subscriptionId: string,
  readNumber: number,
  { db, stripe }: ApplyEventDependencies,
): Promise<void> {
  const subject = subjectOfSubscription(subscriptionId);
  for (const { subscription, prices } of await subscriptionsOf(subject, stripe)) {
    await knowMeters(prices, { db, stripe });
    await record(subscription, prices, subject, readNumber, db);
  }
}

/** The database tells our metered prices from others by their meters. */
async function knowMeters(prices: PricedItem[], { db, stripe }: ApplyEventDependencies): Promise<void> {
  const meters = prices.flatMap(({ meter }) => meter ?? []);
  if (meters.length === 0) return;
  await meterIds(db, stripe, (stored) => meters.every((meter) => Object.values(stored).includes(meter)));
}

async function record(
  subscription: Stripe.Subscription,
  prices: PricedItem[],
  subject: EventSubject,
  readNumber: number,
  db: Db,
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
    p_prices: prices as unknown as Json,
    p_first_payment_pending: facts.firstPaymentPending,
    p_cancel_at: facts.cancelAt,
    p_ended_at: facts.endedAt,
    p_created_at: facts.createdAt,
    p_read_number: readNumber,
    p_currency: facts.currency,
    p_trial_end: facts.trialEnd,
  });
  return recorded.outcome;
}
