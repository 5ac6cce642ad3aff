import type Stripe from "stripe";
import * as z from "zod";
import { Constants } from "../database.types.ts";
import type { Enum } from "../platform/database.ts";
import { isoOfSeconds } from "../platform/time.ts";
import { faultOf, intervalOf } from "./meters.ts";

/** The price of one item, with the item's billing period. Times are ISO 8601. */
export interface PricedItem {
  /** The id of the price. */
  id: string;
  lookupKey: string | null;
  /** The meter whose usage the price bills; null for a flat price. */
  meter: string | null;
  itemId: string;
  /** When the item was added to the subscription. */
  createdAt: string;
  /** Why a metered price cannot bill our units, if it is one of our meters. */
  fault?: string;
  periodStart: string | null;
  periodEnd: string | null;
}

/** A Stripe subscription with the values of our table. Times are ISO 8601. */
export interface SubscriptionFacts {
  id: string;
  customerId: string;
  /** The user that the subscription's own metadata names. */
  namedUserId: string | null;
  status: Enum<"subscription_status">;
  /** Whether the first invoice was not paid yet; null when the latest invoice does not tell. */
  firstPaymentPending: boolean | null;
  /** ISO 4217, lower case. */
  currency: string;
  trialEnd: string | null;
  cancelAt: string | null;
  endedAt: string | null;
  createdAt: string;
}

/** The first payment is read from the latest invoice: `retrieve` and `list` must expand it in the same call. */
export const EXPANDED = "latest_invoice";

/** Reads a subscription as Stripe's API returns it, with its latest invoice. */
export function readSubscription(subscription: Stripe.Subscription): SubscriptionFacts {
  const userId = z.guid().safeParse(subscription.metadata["user_id"]);
  return {
    id: subscription.id,
    customerId: typeof subscription.customer === "string" ? subscription.customer : subscription.customer.id,
    namedUserId: userId.success ? userId.data.toLowerCase() : null,
    status: statusOf(subscription),
    firstPaymentPending: isFirstPaymentPending(subscription.latest_invoice),
    currency: subscription.currency,
    trialEnd: time(subscription.trial_end),
    cancelAt: time(subscription.cancel_at),
    // canceled_at is when the cancellation was asked for, which may be long before the end.
    endedAt: OVER.has(subscription.status) ? time(subscription.ended_at ?? subscription.canceled_at) : null,
    createdAt: isoOfSeconds(subscription.created),
  };
}

const OVER: ReadonlySet<Stripe.Subscription.Status> = new Set(["canceled", "incomplete_expired"]);

/** All items. Stripe returns the first items with the subscription, and more of them page by page. */
export async function itemsOf({ id, items }: Stripe.Subscription, stripe: Stripe): Promise<Stripe.SubscriptionItem[]> {
  return items.has_more
    ? await stripe.subscriptionItems.list({ subscription: id, limit: 100 }).autoPagingToArray({ limit: 1000 })
    : items.data;
}

/** The prices of all items. */
export async function pricesOf(subscription: Stripe.Subscription, stripe: Stripe): Promise<PricedItem[]> {
  return (await itemsOf(subscription, stripe)).map((item) => ({
    id: item.price.id,
    lookupKey: item.price.lookup_key,
    meter: item.price.recurring?.meter ?? null,
    itemId: item.id,
    createdAt: isoOfSeconds(item.created),
    ...faultIn(item.price),
    periodStart: time(item.current_period_start),
    periodEnd: time(item.current_period_end),
  }));
}

function faultIn(price: Stripe.Price): { fault?: string } {
  const interval = price.recurring?.meter ? intervalOf(price) : null;
  const fault = interval && faultOf(price, price.currency, interval);
  return fault === null ? {} : { fault };
}

/**
 * An invoice of zero for the first period counts as paid: a trial, or a full discount. Later invoices tell only when money
 * arrived: an open one may be the renewal of a subscription that was paid before.
 */
function isFirstPaymentPending(invoice: Stripe.Subscription["latest_invoice"]): boolean | null {
  if (typeof invoice === "string") {
    throw new Error(`Cannot read the payment of invoice "${invoice}": it is not expanded`);
  }
  if (!invoice) return null;
  const isFirst = invoice.billing_reason === "subscription_create";
  if (invoice.status === "paid" && (isFirst || invoice.amount_paid > 0)) return false;
  return isFirst ? true : null;
}

const statusSchema = z.enum(Constants.public.Enums.subscription_status);

/** A subscription with paused collection counts as paused, although Stripe still calls it `active`. */
function statusOf(subscription: Stripe.Subscription): Enum<"subscription_status"> {
  const running = subscription.status === "active" || subscription.status === "trialing";
  return running && subscription.pause_collection ? "paused" : statusSchema.parse(subscription.status);
}

const time = (seconds: number | null | undefined) => (seconds ? isoOfSeconds(seconds) : null);
