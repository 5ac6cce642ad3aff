import { isMetered, planOf } from "./catalogue.ts";
import { amountOf } from "./amounts.ts";
import { newId } from "./ids.ts";
import type { Metadata, Price, Subscription, SubscriptionItem } from "./shapes.ts";

/** A billing period, in Unix seconds. */
export interface Period {
  start: number;
  end: number;
}

/** A price that a subscription is to have. A metered price has no quantity. */
export interface Offered {
  price: Price;
  quantity: number | null;
  metadata?: Metadata | undefined;
}

/** How prorations and usage are billed: https://docs.stripe.com/billing/subscriptions/billing-mode/compare */
export const BILLING_MODES = ["classic", "flexible"] as const;
export type BillingMode = (typeof BILLING_MODES)[number];

export interface SubscriptionInput {
  customer: string;
  /** At least one. */
  items: readonly Offered[];
  billingMode: BillingMode;
  status: Subscription["status"];
  period: Period;
  trial: Period | null;
  paymentMethod: string | null;
  metadata: Metadata;
  created: number;
}

/** Builds a subscription. In the current API version, the item has the period, not the subscription. */
export function buildSubscription(input: SubscriptionInput): Subscription {
  const id = newId("sub");
  return {
    id,
    object: "subscription",
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: input.trial?.end ?? input.created,
    billing_cycle_anchor_config: null,
    billing_mode: input.billingMode === "flexible"
      ? { flexible: { proration_discounts: "included" }, type: "flexible" }
      : { flexible: null, type: "classic" },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: "charge_automatically",
    created: input.created,
    currency: input.items[0]!.price.currency,
    customer: input.customer,
    customer_account: null,
    days_until_due: null,
    default_payment_method: input.paymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: "self" },
    },
    items: {
      object: "list",
      data: input.items.map((offered) => buildItem(id, offered, input)),
      has_more: false,
      url: `/v1/subscription_items?subscription=${id}`,
    },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: input.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: "off",
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: input.created,
    status: input.status,
    test_clock: null,
    transfer_data: null,
    trial_end: input.trial?.end ?? null,
    trial_settings: { end_behavior: { billing_cycle_anchor: null, missing_payment_method: "create_invoice" } },
    trial_start: input.trial?.start ?? null,
  };
}

/** Builds an item of a subscription. */
export function buildItem(
  subscription: string,
  { price, quantity, metadata }: Offered,
  input: Pick<SubscriptionInput, "period" | "created">,
): SubscriptionItem {
  return {
    id: newId("si"),
    object: "subscription_item",
    billing_thresholds: null,
    created: input.created,
    current_period_end: input.period.end,
    current_period_start: input.period.start,
    current_trial: null,
    discounts: [],
    metadata: metadata ?? {},
    plan: planOf(price),
    price,
    ...(quantity !== null && { quantity }),
    subscription,
    tax_rates: [],
  };
}

/** Returns the item that the plan is read from: the first with a flat price, else the first. Every subscription has one. */
export function itemOf(subscription: Subscription): SubscriptionItem {
  const { data } = subscription.items;
  const item = data.find(({ price }) => !isMetered(price)) ?? data[0];
  if (!item) throw new Error(`Cannot read subscription "${subscription.id}": it has no item`);
  return item;
}

/** Returns the metered items of a subscription. */
export function meteredItemsOf(subscription: Subscription): SubscriptionItem[] {
  return subscription.items.data.filter(({ price }) => isMetered(price));
}

/** Returns what one period costs before usage, in the smallest unit of the currency. */
export function flatAmountOf({ price, quantity }: { price: Price; quantity?: number | null }): number {
  return isMetered(price) ? 0 : amountOf(String(quantity ?? 1), price.unit_amount_decimal);
}

/**
 * Returns the period from `start` with the interval of `price`. Monthly periods keep the day, or end on the last day.
 */
export function periodFrom(start: number, price: Price): Period {
  const { interval, interval_count: count } = price.recurring;
  if (interval === "day") return { start, end: start + count * 86_400 };
  if (interval === "week") return { start, end: start + count * 7 * 86_400 };
  return { start, end: addMonths(start, interval === "year" ? 12 * count : count) };
}

function addMonths(seconds: number, months: number): number {
  const from = new Date(seconds * 1000);
  const to = new Date(from);
  to.setUTCDate(1);
  to.setUTCMonth(to.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate();
  to.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return Math.floor(to.getTime() / 1000);
}
