import { invalidRequest } from "../errors.ts";
import { buildSession } from "../objects/checkout-session.ts";
import { buildCustomer } from "../objects/customer.ts";
import { newId } from "../objects/ids.ts";
import { buildSubscription, itemOf, periodFrom } from "../objects/subscription.ts";
import type { CheckoutSession, Customer, Metadata, PaymentStatus, Price, Subscription } from "../objects/shapes.ts";
import type { Books } from "./books.ts";
import { draftInvoice, openInvoice, payInvoice } from "./invoicing.ts";
import { BANK_DEBIT, FAILING_CARD, WORKING_CARD } from "./payment-methods.ts";

const DAY = 86_400;

/** How the buyer pays: at once, with a card that only fails at the first renewal, or by a debit that takes days. */
export const PAYMENTS = ["now", "fails_later", "pending"] as const;
export type Payment = (typeof PAYMENTS)[number];

/** What a new session sells and to whom. */
export interface SessionRequest {
  price: Price;
  quantity: number;
  trialDays: number;
  clientReferenceId: string | null;
  customer: string | null;
  customerEmail: string | null;
  metadata: Metadata;
  subscriptionMetadata: Metadata;
  successUrl: string | null;
  cancelUrl: string | null;
  /** A Payment Link opened it, not the API. */
  fromPaymentLink: boolean;
}

/** Opens a session. Its metadata stays with it: only `subscriptionMetadata` reaches the subscription, as at Stripe. */
export function openSession(books: Books, request: SessionRequest, origin: string): CheckoutSession {
  const session = buildSession({
    ...request,
    paymentLink: request.fromPaymentLink ? newId("plink") : null,
    created: books.now(),
  }, (id) => `${origin}/checkout/${id}`);
  if (request.trialDays > 0) {
    session.amount_subtotal = 0;
    session.amount_total = 0;
  }
  books.records.sessions.set(session.id, session);
  books.records.offers.set(session.id, {
    id: session.id,
    price: request.price.id,
    quantity: request.quantity,
    trialDays: request.trialDays,
    subscriptionMetadata: request.subscriptionMetadata,
  });
  return session;
}

/** What completing a session made. */
export interface Purchase {
  customerId: string;
  subscriptionId: string;
  sessionId: string;
}

/**
 * Completes an open session as a buyer would: customer, subscription and first invoice arise and their events go out.
 * `paymentStatus` overrules what the session would say, to play a receiver cases that are hard to come by.
 *
 * @throws StripeApiError if the session is not open.
 */
export function completeSession(
  books: Books,
  session: CheckoutSession,
  buyer: { email: string | null; payment: Payment; paymentStatus?: PaymentStatus | undefined },
): Purchase {
  if (session.status !== "open") {
    throw invalidRequest(`This Checkout Session is no longer open: its status is ${session.status}.`);
  }
  const offer = books.records.offers.get(session.id);
  if (!offer) throw new Error(`Cannot complete session "${session.id}": what it sells is not recorded`);
  const price = books.price(offer.price);
  const customer = session.customer
    ? books.customer(session.customer, "customer")
    : createCustomer(books, buyer.email, price.currency);

  const start = books.now();
  const trial = offer.trialDays > 0 ? { start, end: start + offer.trialDays * DAY } : null;
  // "A subscription can also be incomplete if there is a pending payment": it becomes active once the debit succeeds.
  const pending = !trial && (buyer.payment === "pending" || buyer.paymentStatus === "unpaid");
  const subscription = buildSubscription({
    customer: customer.id,
    price,
    quantity: offer.quantity,
    status: trial ? "trialing" : pending ? "incomplete" : "active",
    period: trial ?? periodFrom(start, price),
    trial,
    paymentMethod: pending ? BANK_DEBIT : buyer.payment === "fails_later" ? FAILING_CARD : WORKING_CARD,
    metadata: { ...offer.subscriptionMetadata },
    created: start,
  });
  books.records.subscriptions.set(subscription.id, subscription);

  const invoice = billFirstPeriod(books, subscription, trial !== null);
  session.customer = customer.id;
  session.customer_details = customerDetails(customer, buyer.email);
  session.subscription = subscription.id;
  session.invoice = invoice.id;
  session.status = "complete";
  session.url = null;
  session.payment_status = buyer.paymentStatus ?? (trial ? "no_payment_required" : pending ? "unpaid" : "paid");
  if (pending) session.payment_method_types = ["card", "us_bank_account"];

  books.emit("checkout.session.completed", session);
  books.emit("customer.subscription.created", subscription);
  books.emit("invoice.created", invoice);
  openInvoice(books, invoice);
  if (!pending) payInvoice(books, invoice);
  return { customerId: customer.id, subscriptionId: subscription.id, sessionId: session.id };
}

function createCustomer(books: Books, email: string | null, currency: string): Customer {
  const customer = buildCustomer({ email, name: email?.split("@")[0] ?? null, created: books.now() });
  customer.currency = currency;
  books.records.customers.set(customer.id, customer);
  books.emit("customer.created", customer);
  return customer;
}

function billFirstPeriod(books: Books, subscription: Subscription, trial: boolean) {
  const item = itemOf(subscription);
  const period = { start: item.current_period_start, end: item.current_period_end };
  return draftInvoice(books, { subscription, reason: "subscription_create", period, trial });
}

function customerDetails(customer: Customer, email: string | null): NonNullable<CheckoutSession["customer_details"]> {
  return {
    address: { city: null, country: "US", line1: null, line2: null, postal_code: "94107", state: null },
    business_name: null,
    email: email ?? customer.email,
    individual_name: null,
    name: customer.name,
    phone: null,
    tax_exempt: "none",
    tax_ids: [],
  };
}

/** Ends an open session unpaid, as Stripe does a day after it was opened. */
export function expireSession(books: Books, session: CheckoutSession): void {
  if (session.status !== "open") {
    throw invalidRequest(
      `Only Checkout Sessions with a status in ["open"] can be expired. This one is ${session.status}.`,
    );
  }
  session.status = "expired";
  session.url = null;
  books.emit("checkout.session.expired", session);
}

/** The session through which a subscription was bought, while its payment is still pending. */
export function unpaidSessionOf(books: Books, subscription: Subscription): CheckoutSession | undefined {
  return [...books.records.sessions.values()].find((session) =>
    session.subscription === subscription.id && session.payment_status === "unpaid"
  );
}
