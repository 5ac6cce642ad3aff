import type Stripe from "stripe";
import { z } from "zod";

/** A Stripe subscription in the words of our table. Times are ISO. */
export interface SubscriptionFacts {
  id: string;
  customerId: string;
  userId: string | null;
  status: string;
  priceId: string | null;
  lookupKey: string | null;
  currentPeriodEnd: string | null;
  cancelAt: string | null;
  endedAt: string | null;
  createdAt: string;
}

/** Reads a subscription as Stripe's API returns it. The period is on the items since API version 2025-03-31. */
export function readSubscription(subscription: Stripe.Subscription): SubscriptionFacts {
  const item = subscription.items.data[0];
  const userId = z.guid().safeParse(subscription.metadata["user_id"]);
  return {
    id: subscription.id,
    customerId: typeof subscription.customer === "string" ? subscription.customer : subscription.customer.id,
    userId: userId.success ? userId.data.toLowerCase() : null,
    status: statusOf(subscription),
    priceId: item?.price.id ?? null,
    lookupKey: item?.price.lookup_key ?? null,
    currentPeriodEnd: time(item?.current_period_end),
    cancelAt: time(subscription.cancel_at),
    endedAt: time(subscription.ended_at ?? subscription.canceled_at),
    createdAt: time(subscription.created) ?? new Date(0).toISOString(),
  };
}

/** Paused collection leaves Stripe's status at `active`: to us that tenant is paused. */
function statusOf(subscription: Stripe.Subscription): string {
  const running = subscription.status === "active" || subscription.status === "trialing";
  return running && subscription.pause_collection ? "paused" : subscription.status;
}

const time = (seconds: number | null | undefined) => (seconds ? new Date(seconds * 1000).toISOString() : null);
