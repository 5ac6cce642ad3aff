import type Stripe from "stripe";
import { type Db, decide, decision, type Enum } from "../platform/database.ts";

const beginCancellation = decision("begin_cancellation", {
  carry_out: ["ends", "prorate", "number", "customer_id", "may_flush"],
  nothing: [],
});

export interface CancelDependencies {
  db: Db;
  stripe: Stripe;
}

/** Canceled at Stripe, or it was over before. */
const IS_OVER: readonly Stripe.Subscription.Status[] = ["canceled", "incomplete_expired"];

/** A request may be replaced by another while its job writes to Stripe. */
const MOST_ROUNDS = 5;

/**
 * Carries out at Stripe what was last requested for a subscription. Safe to repeat and to run twice at once: the request is
 * read again after the write, and one that was made meanwhile is carried out as well. A subscription that is over stays as it
 * is. Stripe then sends an event, and processing it changes the stored subscription.
 * @returns in how many seconds to go on; null when the last request was carried out
 */
export async function carryOutCancellation(
  subscriptionId: string,
  dependencies: CancelDependencies,
): Promise<number | null> {
  const { db, stripe } = dependencies;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const request = await beginCancellation(db, { p_subscription_id: subscriptionId });
    if (request.outcome === "nothing") return null;
    const subscription = await stripe.subscriptions.retrieve(subscriptionId);
    if (!IS_OVER.includes(subscription.status)) await write(subscription, request, stripe);
    const settled = await decide(db, "settle_cancellation", {
      p_subscription_id: subscriptionId,
      p_number: request.number,
    });
    if (settled === "settled") return null;
  }
  return 1;
}

interface CancellationRequest {
  ends: Enum<"cancellation_time">;
  prorate: boolean;
}

async function write(
  subscription: Stripe.Subscription,
  { ends, prorate }: CancellationRequest,
  stripe: Stripe,
): Promise<void> {
  const { id, cancel_at_period_end: isScheduled, cancel_at: cancelAt } = subscription;
  switch (ends) {
    case "now":
      // Without invoice_now, Stripe never bills the usage of the last period.
      await stripe.subscriptions.cancel(id, { invoice_now: true, prorate });
      return;
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
