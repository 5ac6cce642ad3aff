import type Stripe from "stripe";

/** Canceled at Stripe, or it was over before. */
const IS_OVER: readonly Stripe.Subscription.Status[] = ["canceled", "incomplete_expired"];

/**
 * Cancels a subscription at Stripe. Safe to repeat: one that is over stays as it is. Stripe then sends an event, and
 * processing it changes the stored subscription.
 * @param atPeriodEnd let the paid period run out first
 */
export async function cancelSubscription(id: string, atPeriodEnd: boolean, stripe: Stripe): Promise<void> {
  const { status, cancel_at_period_end } = await stripe.subscriptions.retrieve(id);
  if (IS_OVER.includes(status)) return;
  if (!atPeriodEnd) await stripe.subscriptions.cancel(id);
  else if (!cancel_at_period_end) await stripe.subscriptions.update(id, { cancel_at_period_end: true });
}
