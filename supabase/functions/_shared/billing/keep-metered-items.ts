import type Stripe from "stripe";
import type { Json } from "../database.types.ts";
import { type Db, decide, rows } from "../platform/database.ts";
import { isStripeFailure, isUnknownAtStripe } from "../stripe/errors.ts";
import { writeKey } from "../stripe/write-key.ts";
import { recordRead } from "./apply-event.ts";
import {
  type BillingInterval,
  eventName,
  faultOf,
  intervalOf,
  KINDS,
  meteredPrices,
  type MeterIds,
  meterIds,
  type UsageKind,
} from "./meters.ts";
import { EXPANDED, itemsOf } from "./subscription.ts";

export interface KeepItemsDependencies {
  db: Db;
  stripe: Stripe;
}

/** Stripe takes no more items on one subscription. */
const MOST_ITEMS = 20;
const OVER: readonly Stripe.Subscription.Status[] = ["canceled", "incomplete", "incomplete_expired"];

/** Puts the metered items of the subscriptions right that are due. @returns how many were looked at */
export async function keepDueMeteredItems(
  limit: number,
  { db, stripe }: { db: Db; stripe: () => Promise<Stripe> },
): Promise<number> {
  const due = await rows(db, "claim_unmetered_subscriptions", { p_limit: limit });
  for (const { subscription_id: id } of due) await keepMeteredItems(id, { db, stripe: await stripe() });
  return due.length;
}

/**
 * Adds to a tenant's own subscription the metered items that it lacks, such as one that was made in Stripe's dashboard, and removes
 * those of a second subscription of the same customer. Safe to repeat, and for several processes at once: the items are read first and added by one write under one idempotency key. What
 * prevents it becomes an alert, and the subscription is due again.
 */
export async function keepMeteredItems(subscriptionId: string, { db, stripe }: KeepItemsDependencies): Promise<void> {
  const need = await decide(db, "needs_metered_items", { p_subscription_id: subscriptionId });
  if (need === "not_needed") return;
  const readNumber = await decide(db, "next_stripe_read", {});
  let problem: Problem | null;
  try {
    problem = need === "needed"
      ? await addItems(subscriptionId, stripe, db)
      : await removeItems(subscriptionId, stripe, db);
    if (need === "other_tenant") problem = OTHER_TENANT;
    if (problem === null) await recordRead(subscriptionId, readNumber, { db, stripe });
  } catch (error) {
    if (isUnknownAtStripe(error)) problem = { problem: "Stripe does not know the subscription" };
    else if (isStripeFailure(error) && error.type === "StripeInvalidRequestError") {
      problem = { problem: `Stripe refuses the metered items: ${error.code ?? error.param ?? error.statusCode}` };
    } else throw error;
  }
  await decide(db, "note_metering_problem", { p_subscription_id: subscriptionId, p_details: problem });
}

/** What an operator must repair, as the details of an alert. */
type Problem = { problem: string } & { [key: string]: Json };

const OTHER_TENANT: Problem = {
  problem: "Its customer pays for another tenant's usage as well. Give it a customer of its own",
};

/**
 * Stripe bills an event through each subscription of its customer that has an item of the meter. Where another one of the customer
 * bills all usage, these items bill it a second time. Without proration, what they counted is on no invoice.
 */
async function removeItems(subscriptionId: string, stripe: Stripe, db: Db): Promise<null> {
  const subscription = await stripe.subscriptions.retrieve(subscriptionId);
  if (OVER.includes(subscription.status)) return null;
  const ours = Object.values(await meterIds(db, stripe));
  const surplus = (await itemsOf(subscription, stripe)).filter(({ price }) =>
    ours.includes(price.recurring?.meter ?? "")
  );
  if (surplus.length === 0) return null;
  const parameters: Stripe.SubscriptionUpdateParams = {
    items: surplus.map(({ id }) => ({ id, deleted: true })),
    proration_behavior: "none",
  };
  await stripe.subscriptions.update(subscriptionId, parameters, {
    idempotencyKey: await writeKey(`surplus-items:${subscriptionId}`, parameters),
  });
  return null;
}

/** @returns why they cannot be added; null when Stripe has them */
async function addItems(subscriptionId: string, stripe: Stripe, db: Db): Promise<Problem | null> {
  const subscription = await stripe.subscriptions.retrieve(subscriptionId, { expand: [EXPANDED] });
  if (OVER.includes(subscription.status)) return null;
  const items = await itemsOf(subscription, stripe);
  const metered = items.filter(({ price }) => price.recurring?.meter);
  // Of a meter that was replaced at Stripe the stored id is no longer the one that items have.
  const meters = await meterIds(db, stripe, (stored) => {
    const known = Object.values(stored);
    return known.length === KINDS.length && metered.every(({ price }) => known.includes(price.recurring!.meter!));
  });
  const { interval, problem } = readItems(items, meters, subscription.currency);
  if (interval === null) return problem;
  const missing = KINDS.filter((kind) => !metered.some(({ price }) => price.recurring?.meter === meters[kind]));
  if (missing.length === 0) return problem;
  if (items.length + missing.length > MOST_ITEMS) {
    return { problem: `It has ${items.length} items, and Stripe takes ${MOST_ITEMS}` };
  }
  const { prices, missing: unpriced } = await meteredPrices(stripe, subscription.currency, interval);
  if (unpriced.length > 0) return notSetUp(subscription.currency, interval, unpriced);
  const parameters: Stripe.SubscriptionUpdateParams = {
    items: missing.map((kind) => ({ price: prices[kind]!.id })),
    // Metered prices have no proration; the flat items are not to be billed again.
    proration_behavior: "none",
  };
  // The items are part of the key: after one was removed, a repeated write must not return the earlier response.
  const subject = { parameters, items: items.map(({ id }) => id).sort() };
  await stripe.subscriptions.update(subscriptionId, parameters, {
    idempotencyKey: await writeKey(`metered-items:${subscriptionId}`, subject),
  });
  return problem;
}

interface ReadItems {
  /** The interval of the flat items; null when there is none to follow. */
  interval: BillingInterval | null;
  problem: Problem | null;
}

function readItems(items: Stripe.SubscriptionItem[], meters: MeterIds, currency: string): ReadItems {
  const flat = items.filter(({ price }) => !price.recurring?.meter);
  const intervals = flat.flatMap(({ price }) => intervalOf(price) ?? []);
  const [interval] = intervals;
  if (interval === undefined) return { interval: null, problem: { problem: "It has no flat item" } };
  if (intervals.some((other) => other.interval !== interval.interval || other.count !== interval.count)) {
    return { interval: null, problem: { problem: "Its items are billed at different intervals" } };
  }
  for (const kind of KINDS) {
    const ours = items.filter(({ price }) => meters[kind] !== undefined && price.recurring?.meter === meters[kind]);
    if (ours.length > 1) {
      return { interval, problem: { problem: `Two items bill the same usage, of meter ${eventName(kind)}` } };
    }
    const fault = ours[0] === undefined ? null : faultOf(ours[0].price, currency, interval);
    if (fault !== null) {
      return { interval, problem: { problem: `The price ${ours[0]!.price.id} bills usage wrongly: ${fault}` } };
    }
  }
  return { interval, problem: null };
}

function notSetUp(currency: string, { interval, count }: BillingInterval, kinds: UsageKind[]): Problem {
  const market = `${currency}:${count === 1 ? "" : count}${interval}`;
  return { problem: `There is no metered price for ${market}: run stripe:setup --market ${market}`, kinds };
}
