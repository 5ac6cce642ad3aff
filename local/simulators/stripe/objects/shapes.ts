/**
 * The objects that the simulator stores and sends, derived from the SDK's types, so that a missing required field is a
 * compile error. They are narrower than the SDK's: references are ids (expanded only in responses) and decimals are
 * strings.
 */
import type Stripe from "stripe";

type Narrow<Wide, Narrower> = Omit<Wide, keyof Narrower | "deleted"> & Narrower;

/** A Stripe list, embedded in an object or returned by a list endpoint. */
export interface StripeList<T> {
  object: "list";
  data: T[];
  has_more: boolean;
  url: string;
}

/** Key-value pairs that a caller attaches to an object. */
export type Metadata = Record<string, string>;

export type Product = Narrow<Stripe.Product, { default_price: string | null; tax_code: string | null }>;

export type Price = Narrow<Stripe.Price, {
  product: string;
  /** Null for an amount with a fraction. */
  unit_amount: number | null;
  unit_amount_decimal: string;
  recurring: Stripe.Price.Recurring;
  transform_quantity: null;
  tiers?: never;
  currency_options?: never;
}>;

export type Plan = Narrow<Stripe.Plan, {
  product: string;
  amount: number | null;
  amount_decimal: string;
  tiers?: never;
}>;

export type Customer = Narrow<Stripe.Customer, {
  default_source: null;
  discount: null;
  email: string | null;
  name: string | null;
  invoice_settings: Narrow<Stripe.Customer.InvoiceSettings, { default_payment_method: string | null }>;
  next_invoice_sequence: number;
  invoice_prefix: string;
  sources?: never;
  subscriptions?: never;
  tax_ids?: never;
  cash_balance?: never;
}>;

/** The response for a deleted customer. */
export interface DeletedCustomer {
  id: string;
  object: "customer";
  deleted: true;
}

export type SubscriptionItem = Narrow<Stripe.SubscriptionItem, {
  plan: Plan;
  price: Price;
  /** Absent for a metered price. */
  quantity?: number;
  discounts: string[];
  tax_rates: [];
}>;

export const SUBSCRIPTION_STATUSES = [
  "incomplete",
  "incomplete_expired",
  "trialing",
  "active",
  "past_due",
  "canceled",
  "unpaid",
  "paused",
] as const;
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

export type Subscription = Narrow<Stripe.Subscription, {
  application: null;
  customer: string;
  default_payment_method: string | null;
  default_source: null;
  default_tax_rates: [];
  discounts: string[];
  items: StripeList<SubscriptionItem>;
  latest_invoice: string | null;
  on_behalf_of: null;
  pending_setup_intent: null;
  pending_update: null;
  schedule: null;
  status: SubscriptionStatus;
  test_clock: null;
  transfer_data: null;
}>;

export type InvoiceLine = Narrow<Stripe.InvoiceLineItem, {
  discounts: string[];
  invoice: string;
  pricing: Narrow<Stripe.InvoiceLineItem.Pricing, { unit_amount_decimal: string }>;
  /** Null for a quantity with a fraction. */
  quantity: number | null;
  quantity_decimal: string;
  subscription: string | null;
}>;

/** Something to be billed on the customer's next invoice, or on the one that it names. */
export type InvoiceItem = Narrow<Stripe.InvoiceItem, {
  customer: string;
  discounts: [];
  invoice: string | null;
  pricing: Narrow<Stripe.InvoiceItem.Pricing, { unit_amount_decimal: string }>;
  quantity_decimal: string;
  tax_rates: [];
  test_clock: null;
}>;

export const INVOICE_STATUSES = ["draft", "open", "paid", "uncollectible", "void"] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

export type Invoice = Narrow<Stripe.Invoice, {
  application: null;
  customer: string;
  default_payment_method: string | null;
  default_source: null;
  default_tax_rates: [];
  discounts: string[];
  latest_revision: null;
  lines: StripeList<InvoiceLine>;
  next_payment_attempt: number | null;
  on_behalf_of: null;
  /** Null for an invoice that no subscription created. */
  parent: {
    quote_details: null;
    subscription_details: { metadata: Metadata; subscription: string };
    type: "subscription_details";
  } | null;
  payments?: never;
  status: InvoiceStatus;
  test_clock: null;
}>;

export type BalanceTransaction = Narrow<Stripe.CustomerBalanceTransaction, {
  checkout_session: null;
  credit_note: string | null;
  customer: string;
  invoice: string | null;
}>;

export type Charge = Narrow<Stripe.Charge, {
  application: null;
  application_fee: null;
  balance_transaction: null;
  customer: string;
  failure_balance_transaction: null;
  on_behalf_of: null;
  payment_intent: string;
  refunds?: never;
  review: null;
  source: null;
  source_transfer: null;
  transfer?: never;
}>;

/** A charge and the invoice that it paid, which Stripe's object does not contain. */
export interface ChargeRecord {
  id: string;
  invoice: string;
  charge: Charge;
}

export type PaymentStatus = "paid" | "unpaid" | "no_payment_required";

export type CheckoutSession = Narrow<Stripe.Checkout.Session, {
  amount_subtotal: number;
  amount_total: number;
  currency: string;
  currency_conversion: null;
  customer: string | null;
  discounts: [];
  invoice: string | null;
  line_items?: never;
  metadata: Metadata;
  payment_intent: null;
  payment_link: string | null;
  payment_status: PaymentStatus;
  setup_intent: null;
  status: "open" | "complete" | "expired";
  subscription: string | null;
}>;

/** One line item of a checkout session. A metered price has no quantity. */
export type CheckoutLine = Narrow<
  Stripe.LineItem,
  { price: Price; quantity: number | null; discounts?: never; taxes?: never }
>;

export type PortalConfiguration = Narrow<Stripe.BillingPortal.Configuration, { application: null }>;

export type PortalSession = Narrow<Stripe.BillingPortal.Session, {
  after_expiration?: never;
  configuration: string;
  customer_account: null;
  flow: null;
  locale: null;
  on_behalf_of: null;
}>;

export type MeterEvent = Stripe.Billing.MeterEvent;
export type MeterEventAdjustment = Stripe.Billing.MeterEventAdjustment;

/** A snapshot event. `data.object` is the state of the object when the event was created. */
export interface StripeEvent {
  id: string;
  object: "event";
  api_version: string;
  created: number;
  data: { object: Record<string, unknown>; previous_attributes?: Record<string, unknown> };
  livemode: false;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
}

/** A thin event: a reference without data, which Stripe sends to event destinations. The API returns it with its data. */
export interface ThinEvent {
  id: string;
  object: "v2.core.event";
  type: string;
  created: string;
  livemode: false;
  related_object: { id: string; type: string; url: string } | null;
  context: string | null;
}
