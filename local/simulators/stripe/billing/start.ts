import { invalidRequest, StripeApiError } from "../errors.ts";
import {
  type BillingMode,
  buildSubscription,
  flatAmountOf,
  itemOf,
  type Offered,
  periodFrom,
} from "../objects/subscription.ts";
import type { Customer, Metadata, Subscription } from "../objects/shapes.ts";
import type { Books } from "./books.ts";
import { declineInvoice, draftInvoice, openInvoice, payInvoice } from "./invoicing.ts";
import { expectOneCycle } from "./items.ts";
import { declines } from "./payment-methods.ts";

/** How Stripe acts on the first payment: https://docs.stripe.com/api/subscriptions/create#create_subscription-payment_behavior */
export const PAYMENT_BEHAVIORS = [
  "allow_incomplete",
  "default_incomplete",
  "error_if_incomplete",
  "pending_if_incomplete",
] as const;

export interface NewSubscription {
  customer: Customer;
  items: Offered[];
  billingMode: BillingMode;
  /** The subscription's own payment method. Without one, the customer's default is charged. */
  paymentMethod: string | null;
  paymentBehavior: (typeof PAYMENT_BEHAVIORS)[number];
  /** Null: invoices are paid by a charge. */
  daysUntilDue: number | null;
  /** Unix seconds. Null: no trial. */
  trialEnd: number | null;
  metadata: Metadata;
  description: string | null;
}

/**
 * Creates a subscription through the API and bills its first period, and emits the events.
 * @throws StripeApiError when it needs a charge and the customer has no payment method, and as `error_if_incomplete` asks
 */
export function startSubscription(books: Books, input: NewSubscription): Subscription {
  const { customer, items, trialEnd, daysUntilDue, paymentBehavior } = input;
  expectOneCycle(books, items.map(({ price }) => price));
  const now = books.now();
  const trial = trialEnd === null ? null : { start: now, end: trialEnd };
  const charged = input.paymentMethod ?? customer.invoice_settings.default_payment_method;
  const isCharged = trial === null && daysUntilDue === null &&
    items.reduce((sum, item) => sum + flatAmountOf(item), 0) > 0;
  if (isCharged && charged === null && paymentBehavior !== "default_incomplete") {
    const message =
      "This customer has no attached payment source or default payment method. Please consider adding a " +
      "default payment method.";
    throw invalidRequest(message, undefined, "resource_missing");
  }
  const isDeclined = isCharged && declines(charged);
  if (isDeclined && paymentBehavior === "error_if_incomplete") {
    throw new StripeApiError(402, { type: "card_error", code: "card_declined", message: "Your card was declined." });
  }
  const isIncomplete = isCharged && (isDeclined || paymentBehavior === "default_incomplete");
  const subscription = buildSubscription({
    customer: customer.id,
    items,
    billingMode: input.billingMode,
    status: trial !== null ? "trialing" : isIncomplete ? "incomplete" : "active",
    period: trial ?? periodFrom(now, items[0]!.price),
    trial,
    paymentMethod: input.paymentMethod,
    metadata: input.metadata,
    created: now,
  });
  const { current_period_start: start, current_period_end: end } = itemOf(subscription);
  subscription.description = input.description;
  if (daysUntilDue !== null) {
    subscription.collection_method = "send_invoice";
    subscription.days_until_due = daysUntilDue;
  }
  customer.currency ??= subscription.currency;
  books.records.subscriptions.set(subscription.id, subscription);
  const opened = { start, end };
  const billing = { subscription, reason: "subscription_create", closed: null, opened, trial: trial !== null } as const;
  const invoice = draftInvoice(books, billing);
  books.emit("customer.subscription.created", subscription);
  if (invoice === null) return subscription;
  books.emit("invoice.created", invoice);
  openInvoice(books, invoice);
  if (isDeclined) declineInvoice(books, invoice);
  else if (!isIncomplete && (daysUntilDue === null || invoice.amount_remaining === 0)) payInvoice(books, invoice);
  return subscription;
}
