import type Stripe from "stripe";
import { type Db, decide, decision, type Enum } from "../platform/database.ts";
import { describeError } from "../platform/log.ts";
import { isoOfSeconds } from "../platform/time.ts";
import { flushUsage } from "./flush.ts";
import type { MeterDependencies } from "./meter-usage.ts";

const beginCancellation = decision("begin_cancellation", {
  carry_out: ["ends", "prorate", "number", "customer_id"],
  nothing: [],
});
const leaseCancellation = decision("lease_cancellation", { leased: ["fence?"], later: ["seconds"] });

/** Canceled at Stripe, or it was over before. */
const IS_OVER: readonly Stripe.Subscription.Status[] = ["canceled", "incomplete_expired"];

/** A request may be replaced by another while its job writes to Stripe. */
const MOST_ROUNDS = 5;

/** Longer than a call to Stripe with its retries takes. */
const LEASE_SECONDS = 60;

/**
 * Carries out at Stripe what was last requested for a subscription. Safe to repeat and to run twice at once: the request is
 * read again after the write, and one that was made meanwhile is carried out as well. A subscription that is over stays as it
 * is. Stripe then sends an event, and processing it changes the stored subscription.
 * @returns in how many seconds to go on; null when the last request was carried out
 */
export async function carryOutCancellation(
  subscriptionId: string,
  dependencies: MeterDependencies,
): Promise<number | null> {
  const { db } = dependencies;
  const stripe = await dependencies.stripe();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const request = await beginCancellation(db, { p_subscription_id: subscriptionId });
    if (request.outcome === "nothing") return null;
    const subscription = await stripe.subscriptions.retrieve(subscriptionId);
    if (request.ends === "now") {
      const seconds = await cancelNow(subscription, request, dependencies);
      if (seconds !== null) return seconds;
    } else if (!isOver(subscription)) await schedule(subscription, request.ends, stripe);
    const settled = await decide(db, "settle_cancellation", {
      p_subscription_id: subscriptionId,
      p_number: request.number,
    });
    if (settled === "settled") return null;
  }
  return 1;
}

/**
 * Sends all usage, then cancels with a last invoice, under the customer's lease: an event that arrives afterwards is on no
 * invoice. A usage that cannot be sent delays the cancellation by some minutes only.
 * @returns in how many seconds to go on; null when the subscription is over
 */
async function cancelNow(
  subscription: Stripe.Subscription,
  { customer_id: customerId, prorate }: { customer_id: string; prorate: boolean },
  dependencies: MeterDependencies,
): Promise<number | null> {
  const { db } = dependencies;
  // A repeated job may find it canceled, with its end not recorded yet.
  if (isOver(subscription)) {
    await recordEnd(subscription, { isFlushed: false, fence: null }, db);
    return null;
  }
  const isFlushed = await flush(customerId, dependencies);
  const lease = await leaseCancellation(db, {
    p_subscription_id: subscription.id,
    p_is_flushed: isFlushed,
    p_lease_seconds: LEASE_SECONDS,
  });
  if (lease.outcome === "later") return lease.seconds;
  // Without invoice_now, Stripe never bills the usage of the last period.
  const stripe = await dependencies.stripe();
  const canceled = await stripe.subscriptions.cancel(subscription.id, { invoice_now: true, prorate });
  await recordEnd(canceled, { isFlushed, fence: lease.fence }, db);
  return null;
}

/** Rates and sends all usage of a customer. Returns whether all that can be sent is sent. */
async function flush(customerId: string, dependencies: MeterDependencies): Promise<boolean> {
  try {
    return (await flushUsage(customerId, dependencies)).isComplete;
  } catch (error) {
    // What is not sent is billed as later usage.
    dependencies.log.error("cancellation.not_flushed", describeError(error));
    return false;
  }
}

async function recordEnd(
  { id, ended_at, canceled_at, created }: Stripe.Subscription,
  { isFlushed, fence }: { isFlushed: boolean; fence: number | null },
  db: Db,
): Promise<void> {
  await decide(db, "record_cancellation", {
    p_subscription_id: id,
    p_ended_at: isoOfSeconds(ended_at ?? canceled_at ?? created),
    p_is_flushed: isFlushed,
    p_fence: fence,
  });
}

async function schedule(
  subscription: Stripe.Subscription,
  ends: Exclude<Enum<"cancellation_time">, "now">,
  stripe: Stripe,
): Promise<void> {
  const { id, cancel_at_period_end: isScheduled, cancel_at: cancelAt } = subscription;
  switch (ends) {
    case "period_end":
      if (!endsWithPeriod(subscription)) await stripe.subscriptions.update(id, { cancel_at_period_end: true });
      return;
    case "never":
      if (isScheduled) await stripe.subscriptions.update(id, { cancel_at_period_end: false });
      // Stripe's portal sets cancel_at alone.
      else if (cancelAt !== null) await stripe.subscriptions.update(id, { cancel_at: "" });
      return;
  }
}

/** Stripe's portal sets `cancel_at` to the end of the period. That and `cancel_at_period_end` mean the same. */
function endsWithPeriod({ cancel_at_period_end, cancel_at, items }: Stripe.Subscription): boolean {
  const periodEnd = Math.max(...items.data.map((item) => item.current_period_end));
  return cancel_at_period_end || (cancel_at !== null && cancel_at <= periodEnd);
}

const isOver = ({ status }: Stripe.Subscription) => IS_OVER.includes(status);
