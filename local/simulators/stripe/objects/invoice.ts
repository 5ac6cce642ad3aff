import { isMetered } from "./catalogue.ts";
import { amountOf, wholeOf } from "./amounts.ts";
import { newId, randomText } from "./ids.ts";
import { flatAmountOf, type Period } from "./subscription.ts";
import type {
  Customer,
  Invoice,
  InvoiceItem,
  InvoiceLine,
  Metadata,
  Subscription,
  SubscriptionItem,
} from "./shapes.ts";

export interface InvoiceInput {
  customer: Customer;
  /** Null for an invoice of its own. */
  subscription: Subscription | null;
  currency: string;
  reason: NonNullable<Invoice["billing_reason"]>;
  /** The period whose usage is billed. Without one, both times are that of the invoice. */
  period: Period | null;
  metadata?: Metadata;
  description?: string | null;
  created: number;
}

/** Builds a draft without lines. In the current API version, `parent` contains the subscription. */
export function buildInvoice(input: InvoiceInput): Invoice {
  const id = newId("in");
  const { subscription, customer, created } = input;
  return {
    id,
    object: "invoice",
    account_country: "US",
    account_name: "Simulated account",
    account_tax_ids: null,
    amount_due: 0,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: {
      disabled_reason: null,
      enabled: subscription?.automatic_tax.enabled ?? false,
      liability: null,
      provider: null,
      status: null,
    },
    automatically_finalizes_at: null,
    billing_reason: input.reason,
    collection_method: "charge_automatically",
    created,
    currency: input.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: null,
    customer_email: customer.email,
    customer_name: customer.name,
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: "none",
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: input.description ?? null,
    discounts: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: "self" },
    last_finalization_error: null,
    latest_revision: null,
    lines: { object: "list", data: [], has_more: false, url: `/v1/invoices/${id}/lines` },
    livemode: false,
    metadata: input.metadata ?? {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: subscription && {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: "subscription_details",
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: input.period?.end ?? created,
    period_start: input.period?.start ?? created,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: "draft",
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: 0,
    subtotal_excluding_tax: 0,
    test_clock: null,
    total: 0,
    total_discount_amounts: [],
    total_excluding_tax: 0,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  };
}

/** Sets the lines of a draft, and its sums. An invoice below zero is due with nothing. */
export function setLines(invoice: Invoice, lines: InvoiceLine[]): void {
  invoice.lines.data = lines;
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  invoice.subtotal = total;
  invoice.subtotal_excluding_tax = total;
  invoice.total = total;
  invoice.total_excluding_tax = total;
  invoice.amount_due = Math.max(0, total);
  invoice.amount_remaining = invoice.amount_due;
}

/** Builds the line of an item for `period`. During a trial, a flat price costs nothing. */
export function flatLine(
  invoice: Invoice,
  subscription: Subscription,
  item: SubscriptionItem,
  period: Period,
  trial: boolean,
): InvoiceLine {
  const metered = isMetered(item.price);
  const quantity = metered ? 0 : item.quantity ?? 1;
  return {
    ...lineOf(invoice, subscription, item, period),
    ...sums(trial ? 0 : flatAmountOf(item)),
    description: trial && !metered ? "Trial period" : `${quantity} × ${item.price.nickname ?? item.price.id}`,
    pricing: pricingOf(item, trial ? "0" : item.price.unit_amount_decimal),
    quantity,
    quantity_decimal: String(quantity),
  };
}

/** Builds the line of a metered item for the usage of `period`, without its quantity. */
export function usageLine(
  invoice: Invoice,
  subscription: Subscription,
  item: SubscriptionItem,
  period: Period,
): InvoiceLine {
  return {
    ...lineOf(invoice, subscription, item, period),
    ...sums(0),
    description: null,
    pricing: pricingOf(item, item.price.unit_amount_decimal),
    quantity: 0,
    quantity_decimal: "0",
  };
}

/** Sets the quantity of a usage line. Usage in a trial is listed and costs nothing. */
export function setUsage(line: InvoiceLine, name: string, unitAmount: string, quantity: string, free: boolean): void {
  line.quantity = wholeOf(quantity);
  line.quantity_decimal = quantity;
  line.description = `${quantity} × ${name}${free ? " (Free trial)" : ""}`;
  line.pricing.unit_amount_decimal = free ? "0" : unitAmount;
  Object.assign(line, sums(free ? 0 : amountOf(quantity, unitAmount)));
}

/** Builds the line of an invoice item. */
export function itemLine(invoice: Invoice, item: InvoiceItem): InvoiceLine {
  const subscription = item.parent?.subscription_details?.subscription ?? null;
  return {
    ...lineBase(invoice, item.metadata ?? {}, item.period, subscription),
    ...sums(item.amount),
    description: item.description,
    discountable: item.discountable,
    parent: {
      invoice_item_details: {
        invoice_item: item.id,
        proration: item.proration,
        proration_details: { credited_items: null },
        subscription,
      },
      subscription_item_details: null,
      type: "invoice_item_details",
    },
    pricing: item.pricing,
    quantity: item.quantity,
    quantity_decimal: item.quantity_decimal,
  };
}

const sums = (amount: number) => ({ amount, subtotal: amount });

function pricingOf({ price }: SubscriptionItem, unitAmount: string): InvoiceLine["pricing"] {
  return {
    price_details: { price: price.id, product: price.product },
    type: "price_details",
    unit_amount_decimal: unitAmount,
  };
}

function lineOf(invoice: Invoice, subscription: Subscription, item: SubscriptionItem, period: Period) {
  return {
    ...lineBase(invoice, subscription.metadata, period, subscription.id),
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: subscription.id,
        subscription_item: item.id,
      },
      type: "subscription_item_details",
    },
  };
}

function lineBase(invoice: Invoice, metadata: Metadata, period: Period, subscription: string | null) {
  return {
    id: newId("il"),
    object: "line_item" as const,
    currency: invoice.currency,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: invoice.id,
    livemode: false,
    metadata,
    period,
    pretax_credit_amounts: [],
    subscription,
    taxes: [],
  };
}

/** Returns the subscription that created an invoice. Null for an invoice of its own. */
export function subscriptionOf(invoice: Invoice): string | null {
  return invoice.parent?.subscription_details.subscription ?? null;
}

/** Finalizes a draft: sets its number, the status `open` and the URL of a payment page, which exists only on Stripe. */
export function finalize(invoice: Invoice, customer: Customer, now: number): void {
  invoice.number = `${customer.invoice_prefix}-${String(customer.next_invoice_sequence++).padStart(4, "0")}`;
  invoice.status = "open";
  invoice.automatically_finalizes_at = null;
  invoice.effective_at = now;
  invoice.status_transitions.finalized_at = now;
  const page = `acct_1Simulated/test_${randomText(40)}`;
  invoice.hosted_invoice_url = `https://invoice.stripe.com/i/${page}?s=ap`;
  invoice.invoice_pdf = `https://pay.stripe.com/invoice/${page}/pdf?s=ap`;
}

/** Marks an open invoice as paid. An invoice of which nothing is due is paid without an attempt. */
export function markPaid(invoice: Invoice, now: number): void {
  if (invoice.amount_remaining > 0) invoice.attempt_count += 1;
  invoice.attempted = true;
  invoice.auto_advance = false;
  invoice.amount_paid += invoice.amount_remaining;
  invoice.amount_remaining = 0;
  invoice.next_payment_attempt = null;
  invoice.status = "paid";
  invoice.status_transitions.paid_at = now;
}

/** Records a declined attempt. `retryAt` is null if no retry follows. */
export function markAttemptFailed(invoice: Invoice, retryAt: number | null): void {
  invoice.attempt_count += 1;
  invoice.attempted = true;
  invoice.next_payment_attempt = retryAt;
}
