import { invalidRequest } from "../errors.ts";
import { isMetered } from "../objects/catalogue.ts";
import { amountOf } from "../objects/amounts.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import { itemOf, meteredItemsOf, type Period, periodFrom } from "../objects/subscription.ts";
import type { Invoice, InvoiceItem, Price, Subscription, SubscriptionItem } from "../objects/shapes.ts";
import { accountOf } from "./account.ts";
import type { Books } from "./books.ts";
import { unpaidSessionOf } from "./checkout.ts";
import { addInvoiceItem, removeInvoiceItem } from "./invoice-items.ts";
import {
  cannotBeCharged,
  chargedMethodOf,
  declineInvoice,
  draftInvoice,
  openInvoice,
  openInvoiceOf,
  payInvoice,
  scheduleFinalization,
  stopAdvancing,
  voidInvoice,
  writeOffInvoice,
} from "./invoicing.ts";
import { changeItems, type ItemChange, type ProrationBehavior } from "./items.ts";
import { declines, WORKING_CARD } from "./payment-methods.ts";

/** `declined` makes the charge fail even if the payment method works. */
export type Charge = "declined";

/** Changes a subscription and emits `customer.subscription.updated`. */
export function update(books: Books, subscription: Subscription, mutate: (subscription: Subscription) => void): void {
  books.change("customer.subscription.updated", subscription, mutate);
}

/**
 * Ends the period at once, then bills it and the next one. A subscription that is canceled by the end of its period ends
 * instead. Without metered items the next period begins where the current one would have ended, with metered items now: usage
 * cannot be billed before it happens.
 */
export function renew(books: Books, subscription: Subscription, charge?: Charge): void {
  if (endsWithPeriod(subscription)) return end(books, subscription, { atPeriodEnd: true });
  const item = itemOf(subscription);
  const closed = periodOf(item);
  const hasUsage = meteredItemsOf(subscription).length > 0;
  if (hasUsage) closed.end = Math.max(closed.start, books.now());
  const alsoChange = (moved: Subscription) => {
    if (hasUsage) moved.billing_cycle_anchor = closed.end;
  };
  bill(books, subscription, { closed, opened: periodFrom(closed.end, item.price), alsoChange, charge });
}

/** Ends the period now and starts the next one. Its invoice is final at once: only a period that ends by time has a grace period. */
export function restartPeriod(books: Books, subscription: Subscription): void {
  const item = itemOf(subscription);
  const now = books.now();
  const alsoChange = (moved: Subscription) => {
    moved.billing_cycle_anchor = now;
  };
  bill(books, subscription, {
    reason: "subscription_update",
    closed: { start: item.current_period_start, end: Math.max(item.current_period_start, now) },
    opened: periodFrom(now, item.price),
    freeUsage: subscription.status === "trialing",
    alsoChange,
  });
}

/** Renews a subscription whose period has ended: the draft of its invoice becomes final after the grace period. */
export function renewWhenDue(books: Books, subscription: Subscription): void {
  const item = itemOf(subscription);
  const closed = periodOf(item);
  if (subscription.status === "trialing") return endTrial(books, subscription, { isDue: true });
  bill(books, subscription, { closed, opened: nextPeriod(subscription, item), isDue: true });
}

/** The period that follows. Months are counted from the anchor: a period that ended on 28 February is followed by one to the 31st. */
function nextPeriod(
  { billing_cycle_anchor: anchor }: Subscription,
  { price, current_period_end: start }: SubscriptionItem,
): Period {
  const { interval, interval_count: count } = price.recurring;
  if (interval === "day" || interval === "week" || anchor > start) return periodFrom(start, price);
  for (let many = 1;; many++) {
    const { end } = periodFrom(anchor, { ...price, recurring: { ...price.recurring, interval_count: count * many } });
    if (end > start) return { start, end };
  }
}

/** Ends the trial now, then starts and bills the first paid period. Usage of the trial is listed and costs nothing. */
export function endTrial(
  books: Books,
  subscription: Subscription,
  { charge, isDue }: { charge?: Charge; isDue?: boolean } = {},
): void {
  if (endsWithPeriod(subscription)) return end(books, subscription, { atPeriodEnd: true });
  const now = books.now();
  const alsoChange = (ended: Subscription) => {
    ended.trial_end = now;
    ended.billing_cycle_anchor = now;
  };
  const item = itemOf(subscription);
  const closed = { start: item.current_period_start, end: now };
  bill(books, subscription, {
    closed,
    opened: periodFrom(now, item.price),
    freeUsage: true,
    alsoChange,
    charge,
    isDue,
  });
}

function periodOf({ current_period_start: start, current_period_end: end }: SubscriptionItem): Period {
  return { start, end };
}

function endsWithPeriod(subscription: Subscription): boolean {
  return subscription.cancel_at !== null && subscription.cancel_at <= itemOf(subscription).current_period_end;
}

/** Bills the closed and the opened period and moves the subscription on. `alsoChange` runs in the same update. */
function bill(
  books: Books,
  subscription: Subscription,
  how: {
    closed: Period;
    opened: Period;
    reason?: "subscription_cycle" | "subscription_update";
    freeUsage?: boolean;
    alsoChange?: (subscription: Subscription) => void;
    charge?: Charge | undefined;
    /** Whether the period ended by time: then the draft has its grace period. Else it is final at once. */
    isDue?: boolean | undefined;
  },
): void {
  const { closed, opened, reason = "subscription_cycle", freeUsage = false } = how;
  update(books, subscription, (moved) => {
    // Before the items move on: the usage is that of their current period.
    draftInvoice(books, { subscription: moved, reason, closed, opened, freeUsage });
    moveItems(books, moved, opened);
    if (moved.status === "trialing" || moved.status === "paused") moved.status = "active";
    how.alsoChange?.(moved);
  });
  const invoice = books.invoice(subscription.latest_invoice!);
  const keepsDraft = subscription.pause_collection?.behavior === "keep_as_draft" || subscription.status === "unpaid";
  if (keepsDraft) stopAdvancing(invoice);
  else if (how.isDue) scheduleFinalization(books, invoice, subscription);
  books.emit("invoice.created", invoice);
  if (keepsDraft || how.isDue) return;
  openInvoice(books, invoice);
  collect(books, invoice, how.charge);
}

function moveItems(books: Books, subscription: Subscription, { start, end }: Period): void {
  for (const item of subscription.items.data) {
    item.current_period_start = start;
    item.current_period_end = end;
    books.records.metering.delete(item.id);
  }
}

/** Finalises a draft and collects its payment. */
export function advanceInvoice(books: Books, invoice: Invoice, charge?: Charge): void {
  openInvoice(books, invoice);
  collect(books, invoice, charge);
}

/** Collects the payment of an invoice that became open, as far as Stripe does that by itself. */
export function collect(books: Books, invoice: Invoice, charge?: Charge): void {
  const subscription = books.records.subscriptions.get(subscriptionOf(invoice) ?? "");
  const collection = subscription?.pause_collection?.behavior;
  if (collection === "void") return voidInvoice(books, invoice);
  if (collection === "mark_uncollectible") return writeOffInvoice(books, invoice);
  const isDue = invoice.amount_remaining > 0;
  if (isDue && (invoice.collection_method === "send_invoice" || !invoice.auto_advance)) return;
  const isDeclined = isDue && (charge === "declined" || cannotBeCharged(books, invoice));
  if (!isDeclined) payInvoice(books, invoice);
  if (subscription === undefined || hasEnded(subscription)) {
    if (isDeclined) declineInvoice(books, invoice);
  } else if (isDeclined) {
    paymentFailed(books, subscription, invoice);
  } else if (subscription.latest_invoice === invoice.id) {
    update(books, subscription, (changed) => {
      if (changed.status === "past_due") changed.status = "active";
    });
  }
}

/**
 * Declines the payment of the open invoice. Without one, finalises the draft of the last period, or bills the next period, and
 * declines its payment.
 */
export function failPayment(books: Books, subscription: Subscription): void {
  if (openInvoiceOf(books, subscription)) return paymentFailed(books, subscription);
  const draft = [...books.records.invoices.values()].findLast((invoice) =>
    subscriptionOf(invoice) === subscription.id && invoice.status === "draft" && invoice.auto_advance
  );
  if (draft !== undefined) return advanceInvoice(books, draft, "declined");
  if (subscription.status === "trialing") endTrial(books, subscription, { charge: "declined" });
  else renew(books, subscription, "declined");
}

function paymentFailed(books: Books, subscription: Subscription, invoice = openInvoiceOf(books, subscription)): void {
  if (!invoice) throw new Error(`Cannot decline a payment of "${subscription.id}": no invoice is open`);
  declineInvoice(books, invoice);
  const session = unpaidSessionOf(books, subscription);
  if (session) books.emit("checkout.session.async_payment_failed", session);
  update(books, subscription, (changed) => {
    if (changed.status === "active") changed.status = "past_due";
  });
}

/** Pays the open invoice, which makes the subscription active. A failing card is replaced by a working one. */
export function pay(books: Books, subscription: Subscription, how: { outOfBand?: boolean | undefined } = {}): void {
  const invoice = openInvoiceOf(books, subscription);
  if (!invoice) throw invalidRequest(`Subscription ${subscription.id} has no open invoice to pay.`);
  payInvoice(books, invoice, how);
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
  const item = itemOf(subscription);
  const closed = { start: item.current_period_start, end: Math.max(item.current_period_start, now) };
  bill(books, subscription, { closed, opened: periodFrom(now, item.price), alsoChange });
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

/** How a subscription is canceled. By default, usage that is not invoiced is never billed. */
export interface Ending {
  /** Whether a last invoice bills the usage and the pending items. */
  invoiceNow?: boolean | undefined;
  /** Whether flat prices are credited for the rest of the period. */
  prorate?: boolean | undefined;
  /** Whether the period ends as planned: then a last invoice bills its usage in any case. */
  atPeriodEnd?: boolean | undefined;
}

/**
 * Cancels a subscription now. Emits `customer.subscription.deleted`, without an update before it. A last invoice is a draft
 * like any other of a closed period. The customer's open invoices are not collected any more.
 */
export function end(books: Books, subscription: Subscription, ending: Ending = {}): void {
  const now = books.now();
  const hasLastInvoice = (ending.invoiceNow || ending.atPeriodEnd) && subscription.status !== "incomplete";
  if (ending.prorate) creditRest(books, subscription);
  else if (!hasLastInvoice) removePendingProrations(books, subscription);
  const { start } = periodOf(itemOf(subscription));
  const last = !hasLastInvoice ? null : draftInvoice(books, {
    subscription,
    reason: ending.atPeriodEnd ? "subscription_cycle" : "subscription_update",
    // Nothing follows: usage of the second in which a subscription is canceled is on its last invoice.
    closed: { start, end: Math.max(start, ending.atPeriodEnd ? now : now + 1) },
    opened: null,
    freeUsage: subscription.status === "trialing",
  });
  if (last !== null) scheduleFinalization(books, last, subscription);
  stopCollection(books, subscription, last);
  for (const { id } of subscription.items.data) books.records.metering.delete(id);
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
  if (last !== null) books.emit("invoice.created", last);
}

/**
 * "By default, upon subscription cancellation, Stripe stops automatic collection of all finalized invoices for the customer."
 * The subscription's drafts stay drafts, too, unless the account advances them.
 */
function stopCollection(books: Books, subscription: Subscription, last: Invoice | null): void {
  const leavesDrafts = accountOf(books.records).draftsOfEnded === "stay";
  if (last !== null && leavesDrafts) stopAdvancing(last);
  for (const invoice of books.records.invoices.values()) {
    const isDraft = invoice.status === "draft" && subscriptionOf(invoice) === subscription.id && leavesDrafts;
    const isOpen = invoice.status === "open" && invoice.customer === subscription.customer;
    // The event of the last invoice is `invoice.created`.
    if (invoice !== last && (isDraft || isOpen)) books.change("invoice.updated", invoice, stopAdvancing);
  }
}

/** Credits flat prices for the rest of the period. */
function creditRest(books: Books, subscription: Subscription): void {
  const now = books.now();
  for (const item of subscription.items.data) {
    const { start, end } = periodOf(item);
    if (isMetered(item.price) || subscription.status === "trialing" || now >= end) continue;
    const full = amountOf(String(item.quantity ?? 1), item.price.unit_amount_decimal);
    const rest = Math.round(full * (end - Math.max(now, start)) / (end - start));
    if (rest === 0) continue;
    addInvoiceItem(books, {
      customer: subscription.customer,
      currency: subscription.currency,
      unitAmount: String(-rest),
      quantity: "1",
      price: { id: item.price.id, product: item.price.product },
      subscription: { id: subscription.id, item: item.id },
      invoice: null,
      description: `Unused time on ${item.price.nickname ?? item.price.id}`,
      period: { start: now, end },
      proration: true,
      discountable: false,
      metadata: {},
    });
  }
}

/** "Pending prorations are removed if invoice_now and prorate are both set to false." */
function removePendingProrations(books: Books, subscription: Subscription): void {
  for (const item of [...books.records.invoiceItems.values()]) {
    const isPending = item.invoice === null && item.proration;
    if (!isPending || item.parent?.subscription_details?.subscription !== subscription.id) continue;
    removeInvoiceItem(books, item);
  }
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
export function changePrice(books: Books, subscription: Subscription, itemId: string, price: Price): void {
  changeItemsOf(books, subscription, [{ id: itemId, price }]);
}

/** Adds an item in the current period, without an invoice for it. Usage counts from now on. */
export function addItem(books: Books, subscription: Subscription, item: Omit<ItemChange, "id">): SubscriptionItem {
  return changeItemsOf(books, subscription, [item]).added[0]!;
}

/** Changes items. With `always_invoice`, an invoice bills the usage of changed and removed items at once. */
export function changeItemsOf(
  books: Books,
  subscription: Subscription,
  changes: readonly ItemChange[],
  behavior: ProrationBehavior = "create_prorations",
): { added: SubscriptionItem[]; usageItems: InvoiceItem[] } {
  const result = changeItems(books, subscription, changes, behavior);
  if (behavior !== "always_invoice" || result.usageItems.length === 0) return result;
  const billing = { subscription, reason: "subscription_update", closed: null, opened: null } as const;
  const invoice = draftInvoice(books, billing)!;
  books.emit("invoice.created", invoice);
  advanceInvoice(books, invoice);
  return result;
}

/** Cancels the subscriptions of a customer, then deletes the customer. */
export function deleteCustomer(books: Books, id: string): void {
  const customer = books.customer(id);
  for (const subscription of books.records.subscriptions.values()) {
    if (subscription.customer === id && !hasEnded(subscription)) end(books, subscription);
  }
  for (const invoice of books.records.invoices.values()) {
    if (invoice.customer === id && invoice.status === "draft") stopAdvancing(invoice);
  }
  books.records.customers.set(id, { id, object: "customer", deleted: true });
  books.emit("customer.deleted", customer);
}

/** Returns whether the subscription has ended and cannot become active again. */
export function hasEnded(subscription: Subscription): boolean {
  return subscription.status === "canceled" || subscription.status === "incomplete_expired";
}
