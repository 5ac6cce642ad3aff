import { newId, randomText } from "./ids.ts";
import { amountOf, type Period } from "./subscription.ts";
import type { Customer, Invoice, InvoiceLine, Subscription, SubscriptionItem } from "./shapes.ts";

export interface InvoiceInput {
  subscription: Subscription;
  customer: Customer;
  reason: "subscription_create" | "subscription_cycle" | "subscription_update";
  period: Period;
  /** Whether the period is a trial, whose invoice has a total of zero. */
  trial: boolean;
  created: number;
}

/** Builds a draft invoice for one period. In the current API version, `parent` contains the subscription. */
export function buildInvoice(input: InvoiceInput): Invoice {
  const id = newId("in");
  const { subscription, customer, created } = input;
  const lines = subscription.items.data.map((item) => buildLine(id, input, item, input.trial ? 0 : amountOf(item)));
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  return {
    id,
    object: "invoice",
    account_country: "US",
    account_name: "Simulated account",
    account_tax_ids: null,
    amount_due: total,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: total,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: input.reason,
    collection_method: "charge_automatically",
    created,
    currency: subscription.currency,
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
    description: null,
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
    lines: { object: "list", data: lines, has_more: false, url: `/v1/invoices/${id}/lines` },
    livemode: false,
    metadata: {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: "subscription_details",
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: input.period.start,
    period_start: input.period.start,
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
    subtotal: total,
    subtotal_excluding_tax: total,
    test_clock: null,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  };
}

function buildLine(invoice: string, input: InvoiceInput, item: SubscriptionItem, amount: number): InvoiceLine {
  return {
    id: newId("il"),
    object: "line_item",
    amount,
    currency: input.subscription.currency,
    description: input.trial ? "Trial period" : `${item.quantity} × ${item.price.nickname ?? item.price.id}`,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: false,
    metadata: input.subscription.metadata,
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: input.subscription.id,
        subscription_item: item.id,
      },
      type: "subscription_item_details",
    },
    period: input.period,
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: item.price.id, product: item.price.product },
      type: "price_details",
      unit_amount_decimal: input.trial ? "0" : item.price.unit_amount_decimal,
    },
    quantity: item.quantity,
    quantity_decimal: String(item.quantity),
    subscription: input.subscription.id,
    subtotal: amount,
    taxes: [],
  };
}

/** Finalizes a draft: sets its number, the status `open` and the URL of a payment page, which exists only on Stripe. */
export function finalize(invoice: Invoice, customer: Customer, now: number): void {
  invoice.number = `${customer.invoice_prefix}-${String(customer.next_invoice_sequence++).padStart(4, "0")}`;
  invoice.status = "open";
  invoice.effective_at = now;
  invoice.status_transitions.finalized_at = now;
  const page = `acct_1Simulated/test_${randomText(40)}`;
  invoice.hosted_invoice_url = `https://invoice.stripe.com/i/${page}?s=ap`;
  invoice.invoice_pdf = `https://pay.stripe.com/invoice/${page}/pdf?s=ap`;
}

/** Marks an open invoice as paid. An invoice with a total of zero is paid without an attempt. */
export function markPaid(invoice: Invoice, now: number): void {
  if (invoice.total > 0) invoice.attempt_count += 1;
  invoice.attempted = true;
  invoice.auto_advance = false;
  invoice.amount_paid = invoice.total;
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
