import { invalidRequest, StripeApiError } from "../errors.ts";
import { buildItem, buildSubscription, itemOf, periodFrom } from "../objects/subscription.ts";
import type { Customer, Metadata, Price, Subscription } from "../objects/shapes.ts";
import type { Books } from "./books.ts";
import { declineInvoice, draftInvoice, openInvoice, payInvoice } from "./invoicing.ts";
import { declines } from "./payment-methods.ts";

const DAY = 86_400;

/** How Stripe acts on the first payment: https://docs.stripe.com/api/subscriptions/create#create_subscription-payment_behavior */
export const PAYMENT_BEHAVIORS = [
  "allow_incomplete",
  "default_incomplete",
  "error_if_incomplete",
  "pending_if_incomplete",
] as const;

export interface NewSubscription {
  customer: Customer;
  items: { price: Price; quantity: number }[];
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
  const { customer, items: [first, ...further], trialEnd, daysUntilDue, paymentBehavior } = input;
  if (first === undefined) throw invalidRequest("Missing required param: items.", "items", "parameter_missing");
  expectSamePeriod([first, ...further].map(({ price }) => price));
  const now = books.now();
  const trial = trialEnd === null ? null : { start: now, end: trialEnd };
  const charged = input.paymentMethod ?? customer.invoice_settings.default_payment_method;
  const isCharged = trial === null && daysUntilDue === null && first.price.unit_amount > 0;
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
    price: first.price,
    quantity: first.quantity,
    status: trial !== null ? "trialing" : isIncomplete ? "incomplete" : "active",
    period: trial ?? periodFrom(now, first.price),
    trial,
    paymentMethod: input.paymentMethod,
    metadata: input.metadata,
    created: now,
  });
  const { current_period_start: start, current_period_end: end } = itemOf(subscription);
  for (const { price, quantity } of further) {
    subscription.items.data.push(buildItem(subscription.id, { price, quantity, period: { start, end }, created: now }));
  }
  subscription.description = input.description;
  if (daysUntilDue !== null) {
    subscription.collection_method = "send_invoice";
    subscription.days_until_due = daysUntilDue;
  }
  customer.currency ??= first.price.currency;
  books.records.subscriptions.set(subscription.id, subscription);
  const invoice = draftInvoice(books, {
    subscription,
    reason: "subscription_create",
    period: { start, end },
    trial: trial !== null,
  });
  if (daysUntilDue !== null) {
    invoice.collection_method = "send_invoice";
    invoice.due_date = now + daysUntilDue * DAY;
  }
  books.emit("customer.subscription.created", subscription);
  books.emit("invoice.created", invoice);
  openInvoice(books, invoice);
  if (isDeclined) declineInvoice(books, invoice);
  else if (!isIncomplete && (daysUntilDue === null || invoice.total === 0)) payInvoice(books, invoice);
  return subscription;
}

/** As on Stripe, all items have one currency and one interval. */
function expectSamePeriod([first, ...others]: Price[]): void {
  for (const price of others) {
    if (price.currency !== first!.currency) {
      throw invalidRequest("All prices of a subscription must have the same currency.", "items");
    }
    const [one, other] = [first!.recurring, price.recurring];
    if (one.interval !== other.interval || one.interval_count !== other.interval_count) {
      throw invalidRequest(
        "Currently, all prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`.",
        "items",
      );
    }
  }
}
