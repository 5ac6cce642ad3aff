import { invalidRequest } from "../errors.ts";
import { planOf } from "../objects/catalogue.ts";
import { buildItem, itemOf, type Period, periodFrom } from "../objects/subscription.ts";
import type { Price, Subscription, SubscriptionItem } from "../objects/shapes.ts";
import type { Records } from "../records.ts";
import type { Books } from "./books.ts";
import { unpaidSessionOf } from "./checkout.ts";
import {
  chargedMethodOf,
  declineInvoice,
  draftInvoice,
  openInvoice,
  openInvoiceOf,
  payInvoice,
  voidInvoice,
  writeOffInvoice,
} from "./invoicing.ts";
import { declines, WORKING_CARD } from "./payment-methods.ts";

/** `declined` makes the charge fail even if the payment method works. */
export type Charge = "declined";

/** Changes a subscription and emits `customer.subscription.updated`. */
export function update(books: Books, subscription: Subscription, mutate: (subscription: Subscription) => void): void {
  books.change("customer.subscription.updated", subscription, mutate);
}

/** Starts and bills the next period. A subscription that is canceled by the end of its period ends instead. */
export function renew(books: Books, subscription: Subscription, charge?: Charge): void {
  if (endsWithPeriod(subscription)) return end(books, subscription);
  const item = itemOf(subscription);
  bill(books, subscription, periodFrom(item.current_period_end, item.price), { charge });
}

/** Ends the trial now, then starts and bills the first paid period. */
export function endTrial(books: Books, subscription: Subscription, charge?: Charge): void {
  if (endsWithPeriod(subscription)) return end(books, subscription);
  const now = books.now();
  const alsoChange = (ended: Subscription) => {
    ended.trial_end = now;
    ended.billing_cycle_anchor = now;
  };
  bill(books, subscription, periodFrom(now, itemOf(subscription).price), { alsoChange, charge });
}

function endsWithPeriod(subscription: Subscription): boolean {
  return subscription.cancel_at !== null && subscription.cancel_at <= itemOf(subscription).current_period_end;
}

/** Moves the subscription to `period` and bills it. `alsoChange` runs in the same update. */
function bill(
  books: Books,
  subscription: Subscription,
  period: Period,
  how: { alsoChange?: (subscription: Subscription) => void; charge?: Charge | undefined },
): void {
  update(books, subscription, (moved) => {
    for (const item of moved.items.data) {
      item.current_period_start = period.start;
      item.current_period_end = period.end;
    }
    if (moved.status === "trialing" || moved.status === "paused") moved.status = "active";
    how.alsoChange?.(moved);
    draftInvoice(books, { subscription: moved, reason: "subscription_cycle", period, trial: false });
  });
  const invoice = books.invoice(subscription.latest_invoice!);
  books.emit("invoice.created", invoice);
  const collection = subscription.pause_collection?.behavior;
  if (collection === "keep_as_draft") return;
  openInvoice(books, invoice);
  if (collection === "void") return voidInvoice(books, invoice);
  if (collection === "mark_uncollectible") return writeOffInvoice(books, invoice);
  if (how.charge === "declined" || declines(chargedMethodOf(books, subscription))) {
    return paymentFailed(books, subscription);
  }
  payInvoice(books, invoice);
}

/** Declines the payment of the open invoice. Without one, bills the next period and declines its payment. */
export function failPayment(books: Books, subscription: Subscription): void {
  if (openInvoiceOf(books, subscription)) return paymentFailed(books, subscription);
  if (subscription.status === "trialing") endTrial(books, subscription, "declined");
  else renew(books, subscription, "declined");
}

function paymentFailed(books: Books, subscription: Subscription): void {
  const invoice = openInvoiceOf(books, subscription);
  if (!invoice) throw new Error(`Cannot decline a payment of "${subscription.id}": no invoice is open`);
  declineInvoice(books, invoice);
  const session = unpaidSessionOf(books, subscription);
  if (session) books.emit("checkout.session.async_payment_failed", session);
  update(books, subscription, (changed) => {
    if (changed.status === "active") changed.status = "past_due";
  });
}

/** Pays the open invoice, which makes the subscription active. A failing card is replaced by a working one. */
export function pay(books: Books, subscription: Subscription): void {
  const invoice = openInvoiceOf(books, subscription);
  if (!invoice) throw invalidRequest(`Subscription ${subscription.id} has no open invoice to pay.`);
  payInvoice(books, invoice);
  const session = unpaidSessionOf(books, subscription);
  if (session) {
    session.payment_status = "paid";
    books.emit("checkout.session.async_payment_succeeded", session);
  }
  update(books, subscription, (changed) => {
    if (declines(chargedMethodOf(books, changed))) changed.default_payment_method = WORKING_CARD;
    if (["past_due", "unpaid", "incomplete"].includes(changed.status)) changed.status = "active";
  });
}

/** Declines the last retry of a payment: the subscription becomes `unpaid`, and no further retry is scheduled. */
export function exhaustRetries(books: Books, subscription: Subscription): void {
  if (!openInvoiceOf(books, subscription)) failPayment(books, subscription);
  if (hasEnded(subscription)) return;
  const invoice = openInvoiceOf(books, subscription);
  if (invoice) declineInvoice(books, invoice, true);
  update(books, subscription, (changed) => {
    changed.status = "unpaid";
  });
}

/** Pauses the subscription (status `paused`). `pause_collection` is a different setting and keeps the status. */
export function pause(books: Books, subscription: Subscription): void {
  update(books, subscription, (changed) => {
    changed.status = "paused";
    changed.status_details = {
      paused: { subscription: { type: "pause_requested" }, transitioned_at: books.now(), type: "subscription" },
    };
  });
  books.emit("customer.subscription.paused", subscription);
}

/** Resumes a paused subscription, then starts and bills a new period. */
export function resume(books: Books, subscription: Subscription): void {
  if (subscription.status !== "paused") {
    throw invalidRequest(`You can only resume subscriptions with status paused. This one is ${subscription.status}.`);
  }
  const now = books.now();
  const alsoChange = (resumed: Subscription) => {
    delete resumed.status_details;
    resumed.billing_cycle_anchor = now;
  };
  bill(books, subscription, periodFrom(now, itemOf(subscription).price), { alsoChange });
  books.emit("customer.subscription.resumed", subscription);
}

/** Sets or removes the cancellation at the end of the current period. */
export function setCancelAtPeriodEnd(books: Books, subscription: Subscription, cancel: boolean): void {
  if (subscription.cancel_at_period_end === cancel) return;
  scheduleEnd(books, subscription, cancel ? itemOf(subscription).current_period_end : null, cancel);
}

/** Sets the time (Unix seconds) at which the subscription is canceled, or removes it. The portal does this too. */
export function setCancelAt(books: Books, subscription: Subscription, at: number | null): void {
  scheduleEnd(books, subscription, at, false);
}

/** As on Stripe, `canceled_at` is the time of the request, and the subscription runs until `cancel_at`. */
function scheduleEnd(books: Books, subscription: Subscription, at: number | null, atPeriodEnd: boolean): void {
  update(books, subscription, (changed) => {
    changed.cancel_at_period_end = atPeriodEnd;
    changed.cancel_at = at;
    changed.canceled_at = at === null ? null : books.now();
    changed.cancellation_details = {
      comment: null,
      feedback: null,
      feedback_option: null,
      reason: at === null ? null : "cancellation_requested",
    };
  });
}

/** Returns when the next subscription is canceled by its `cancel_at`, in Unix milliseconds. Null if none is. */
export function nextEndAt({ subscriptions }: Records): number | null {
  const ends = [...subscriptions.values()].flatMap((subscription) =>
    hasEnded(subscription) || subscription.cancel_at === null ? [] : [subscription.cancel_at * 1000]
  );
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Cancels the subscriptions whose `cancel_at` has passed. Returns whether there were any. */
export function endDue(books: Books): boolean {
  const due = [...books.records.subscriptions.values()].filter((subscription) =>
    !hasEnded(subscription) && subscription.cancel_at !== null && subscription.cancel_at <= books.now()
  );
  for (const subscription of due) end(books, subscription);
  return due.length > 0;
}

/** Cancels a subscription now. Emits only `customer.subscription.deleted`, without an update before it. */
export function end(books: Books, subscription: Subscription): void {
  const now = books.now();
  subscription.status = "canceled";
  subscription.ended_at = now;
  subscription.canceled_at ??= now;
  subscription.pause_collection = null;
  delete subscription.status_details;
  subscription.cancellation_details = {
    comment: null,
    feedback: null,
    feedback_option: null,
    reason: "cancellation_requested",
  };
  books.emit("customer.subscription.deleted", subscription);
}

/** Expires a subscription whose first payment did not succeed, as Stripe does after 23 hours. */
export function expireIncomplete(books: Books, subscription: Subscription): void {
  const invoice = openInvoiceOf(books, subscription);
  update(books, subscription, (changed) => {
    changed.status = "incomplete_expired";
    changed.ended_at = books.now();
    changed.canceled_at = books.now();
  });
  if (invoice) voidInvoice(books, invoice);
}

/** Changes the price of one item immediately, without prorations. */
export function changePrice(
  books: Books,
  subscription: Subscription,
  itemId: string,
  price: Price,
  quantity: number,
): void {
  update(books, subscription, (changed) => {
    const item = changed.items.data.find(({ id }) => id === itemId)!;
    item.price = price;
    item.plan = planOf(price);
    item.quantity = quantity;
  });
}

/** Adds an item in the current period, without an invoice for it. */
export function addItem(books: Books, subscription: Subscription, price: Price, quantity: number): SubscriptionItem {
  const { current_period_start: start, current_period_end: end } = itemOf(subscription);
  const item = buildItem(subscription.id, { price, quantity, period: { start, end }, created: books.now() });
  update(books, subscription, (changed) => void changed.items.data.push(item));
  return item;
}

/** Cancels the subscriptions of a customer, then deletes the customer. */
export function deleteCustomer(books: Books, id: string): void {
  const customer = books.customer(id);
  for (const subscription of books.records.subscriptions.values()) {
    if (subscription.customer === id && !hasEnded(subscription)) end(books, subscription);
  }
  books.records.customers.set(id, { id, object: "customer", deleted: true });
  books.emit("customer.deleted", customer);
}

/** Returns whether the subscription has ended and cannot become active again. */
export function hasEnded(subscription: Subscription): boolean {
  return subscription.status === "canceled" || subscription.status === "incomplete_expired";
}
