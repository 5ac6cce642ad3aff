import { invalidRequest } from "../errors.ts";
import { buildSession } from "../objects/checkout-session.ts";
import { buildCustomer } from "../objects/customer.ts";
import { newId } from "../objects/ids.ts";
import { type BillingMode, buildSubscription, itemOf, type Offered, periodFrom } from "../objects/subscription.ts";
import type { CheckoutSession, Customer, Invoice, Metadata, PaymentStatus, Subscription } from "../objects/shapes.ts";
import type { Books } from "./books.ts";
import { draftInvoice, openInvoice, payInvoice } from "./invoicing.ts";
import { BANK_DEBIT, FAILING_CARD, WORKING_CARD } from "./payment-methods.ts";

const DAY = 86_400;

/**
 * How the buyer pays: with a working card, with a card that fails at the first renewal, or by a pending bank debit. Stripe
 * documents that a subscription whose debit is pending is `incomplete`, and that it is `active`: `pending_active`.
 */
export const PAYMENTS = ["now", "fails_later", "pending", "pending_active"] as const;
export type Payment = (typeof PAYMENTS)[number];

/** The fields of a new session. */
export interface SessionRequest {
  /** At least one. */
  lines: Offered[];
  billingMode?: BillingMode | undefined;
  trialDays: number;
  clientReferenceId: string | null;
  customer: string | null;
  customerEmail: string | null;
  metadata: Metadata;
  subscriptionMetadata: Metadata;
  successUrl: string | null;
  cancelUrl: string | null;
  /** Whether a Payment Link opened the session, not the API. */
  fromPaymentLink: boolean;
  automaticTax?: boolean | undefined;
}

/**
 * Opens a session. As on Stripe, only `subscriptionMetadata` is copied to the subscription, not the session's metadata.
 */
export function openSession(books: Books, request: SessionRequest, origin: string): CheckoutSession {
  const session = buildSession({
    ...request,
    paymentLink: request.fromPaymentLink ? newId("plink") : null,
    created: books.now(),
  }, (id) => `${origin}/checkout/${id}`);
  session.automatic_tax.enabled = request.automaticTax ?? false;
  if (request.trialDays > 0) {
    session.amount_subtotal = 0;
    session.amount_total = 0;
  }
  books.records.sessions.set(session.id, session);
  books.records.offers.set(session.id, {
    id: session.id,
    lines: request.lines.map(({ price, quantity }) => ({ price: price.id, quantity })),
    billingMode: request.billingMode ?? "flexible",
    trialDays: request.trialDays,
    subscriptionMetadata: request.subscriptionMetadata,
  });
  return session;
}

/** The objects of a completed session. */
export interface Purchase {
  customerId: string;
  subscriptionId: string;
  sessionId: string;
}

/**
 * Completes an open session as a buyer: creates the customer, the subscription and the first invoice, and emits their
 * events. `paymentStatus` overrides the payment status of the session, to test rare cases.
 *
 * @throws StripeApiError if the session is not open
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
  if (!offer) throw new Error(`Cannot complete session "${session.id}": its price is not recorded`);
  const items = offer.lines.map(({ price, quantity }) => ({ price: books.price(price), quantity }));
  const [{ price }] = items as [Offered, ...Offered[]];
  const customer = session.customer
    ? books.customer(session.customer, "customer")
    : createCustomer(books, buyer.email, price.currency);

  const start = books.now();
  const trial = offer.trialDays > 0 ? { start, end: start + offer.trialDays * DAY } : null;
  // "A subscription can also be incomplete if there is a pending payment." It becomes active when the debit succeeds.
  const byDebit = buyer.payment === "pending" || buyer.payment === "pending_active";
  const pending = !trial && (byDebit || buyer.paymentStatus === "unpaid");
  const whilePending = buyer.payment === "pending_active" ? "active" : "incomplete";
  const subscription = buildSubscription({
    customer: customer.id,
    items,
    billingMode: offer.billingMode,
    status: trial ? "trialing" : pending ? whilePending : "active",
    period: trial ?? periodFrom(start, price),
    trial,
    paymentMethod: pending ? BANK_DEBIT : buyer.payment === "fails_later" ? FAILING_CARD : WORKING_CARD,
    metadata: { ...offer.subscriptionMetadata },
    created: start,
  });
  subscription.automatic_tax.enabled = session.automatic_tax.enabled;
  books.records.subscriptions.set(subscription.id, subscription);

  const invoice = billFirstPeriod(books, subscription, trial !== null);
  session.customer = customer.id;
  session.customer_details = customerDetails(customer, buyer.email);
  session.subscription = subscription.id;
  session.invoice = invoice?.id ?? null;
  session.status = "complete";
  session.url = null;
  session.payment_status = buyer.paymentStatus ?? (trial ? "no_payment_required" : pending ? "unpaid" : "paid");
  if (pending) session.payment_method_types = ["card", "us_bank_account"];

  books.emit("checkout.session.completed", session);
  books.emit("customer.subscription.created", subscription);
  if (invoice !== null) {
    books.emit("invoice.created", invoice);
    openInvoice(books, invoice);
    if (!pending) payInvoice(books, invoice);
  }
  return { customerId: customer.id, subscriptionId: subscription.id, sessionId: session.id };
}

function createCustomer(books: Books, email: string | null, currency: string): Customer {
  const customer = buildCustomer({ email, name: email?.split("@")[0] ?? null, created: books.now() });
  customer.currency = currency;
  books.records.customers.set(customer.id, customer);
  books.emit("customer.created", customer);
  return customer;
}

function billFirstPeriod(books: Books, subscription: Subscription, trial: boolean): Invoice | null {
  const { current_period_start: start, current_period_end: end } = itemOf(subscription);
  return draftInvoice(books, {
    subscription,
    reason: "subscription_create",
    closed: null,
    opened: { start, end },
    trial,
  });
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

/** Expires an open session, as Stripe does one day after its creation. */
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

/** Expires the open sessions whose time is over. Returns whether there were any. */
export function expireDueSessions(books: Books): boolean {
  const due = [...books.records.sessions.values()].filter(({ status, expires_at: expiresAt }) =>
    status === "open" && expiresAt <= books.now()
  );
  for (const session of due) expireSession(books, session);
  return due.length > 0;
}

/** Returns the session that created the subscription, if its payment is still pending. */
export function unpaidSessionOf(books: Books, subscription: Subscription): CheckoutSession | undefined {
  return [...books.records.sessions.values()].find((session) =>
    session.subscription === subscription.id && session.payment_status === "unpaid"
  );
}
