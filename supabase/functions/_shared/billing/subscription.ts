import type Stripe from "stripe";
import * as z from "zod";
import { Constants } from "../database.types.ts";
import type { Enum } from "../platform/database.ts";
import { isoOfSeconds } from "../platform/time.ts";

/** A Stripe subscription with the values of our table. Times are ISO 8601. */
export interface SubscriptionFacts {
  id: string;
  customerId: string;
  userId: string | null;
  status: Enum<"subscription_status">;
  priceId: string | null;
  lookupKey: string | null;
  currentPeriodStart: string | null;
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
    currentPeriodStart: time(item?.current_period_start),
    currentPeriodEnd: time(item?.current_period_end),
    cancelAt: time(subscription.cancel_at),
    endedAt: time(subscription.ended_at ?? subscription.canceled_at),
    createdAt: isoOfSeconds(subscription.created),
  };
}

const statusSchema = z.enum(Constants.public.Enums.subscription_status);

/** A subscription with paused collection counts as paused, although Stripe still calls it `active`. */
function statusOf(subscription: Stripe.Subscription): Enum<"subscription_status"> {
  const running = subscription.status === "active" || subscription.status === "trialing";
  return running && subscription.pause_collection ? "paused" : statusSchema.parse(subscription.status);
}

const time = (seconds: number | null | undefined) => (seconds ? isoOfSeconds(seconds) : null);
