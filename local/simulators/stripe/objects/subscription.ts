import { planOf } from "./catalogue.ts";
import { newId } from "./ids.ts";
import type { Metadata, Price, Subscription, SubscriptionItem } from "./shapes.ts";

/** A billing period, in Unix seconds. */
export interface Period {
  start: number;
  end: number;
}

export interface SubscriptionInput {
  customer: string;
  price: Price;
  quantity: number;
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
    billing_mode: { flexible: { proration_discounts: "included" }, type: "flexible" },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: "charge_automatically",
    created: input.created,
    currency: input.price.currency,
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
      data: [buildItem(id, input)],
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
  input: Pick<SubscriptionInput, "price" | "quantity" | "period" | "created">,
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
    metadata: {},
    plan: planOf(input.price),
    price: input.price,
    quantity: input.quantity,
    subscription,
    tax_rates: [],
  };
}

/** Returns the first item of a subscription, which every subscription has. */
export function itemOf(subscription: Subscription): SubscriptionItem {
  const item = subscription.items.data[0];
  if (!item) throw new Error(`Cannot read subscription "${subscription.id}": it has no item`);
  return item;
}

/** Returns the price of one item for one period, in the smallest unit of the currency. */
export function amountOf({ price, quantity }: SubscriptionItem): number {
  return price.unit_amount * quantity;
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
