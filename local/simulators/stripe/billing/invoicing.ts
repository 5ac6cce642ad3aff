import {
  buildInvoice,
  finalize,
  flatLine,
  itemLine,
  markAttemptFailed,
  markPaid,
  setLines,
  subscriptionOf,
  usageLine,
} from "../objects/invoice.ts";
import { isMetered } from "../objects/catalogue.ts";
import { meteredItemsOf, type Period } from "../objects/subscription.ts";
import type { Customer, Invoice, InvoiceItem, InvoiceLine, Subscription } from "../objects/shapes.ts";
import type { UsageRecord } from "../records.ts";
import { graceSeconds } from "./account.ts";
import { applyBalance, unapplyBalance } from "./balance.ts";
import type { Books } from "./books.ts";
import { recordCharge } from "./charges.ts";
import { pendingItems } from "./invoice-items.ts";
import { declines } from "./payment-methods.ts";
import { closeUsage, openUsageOf, refreshUsage } from "./usage.ts";

/** Stripe first retries a declined payment after about three days. */
const RETRY_AFTER_SECONDS = 3 * 86_400;

/** What an invoice of a subscription bills. */
export interface Billing {
  subscription: Subscription;
  reason: "subscription_create" | "subscription_cycle" | "subscription_update";
  /** The period whose usage is billed: it ends where the items' current period ends, or earlier. Null: no usage. */
  closed: Period | null;
  /** The period whose flat prices are billed. Null: none, because the subscription ends. */
  opened: Period | null;
  /** Whether the opened period is a trial, in which flat prices cost nothing. */
  trial?: boolean;
  /** Whether the closed period was a trial, whose usage is listed and costs nothing. */
  freeUsage?: boolean;
}

/** An invoice with its lines and what they bill, which no record has yet. */
export interface ComposedInvoice {
  invoice: Invoice;
  usage: UsageRecord[];
  items: InvoiceItem[];
}

/** Composes the draft of a subscription's invoice without recording it, from the items' periods before they move on. */
export function composeInvoice(books: Books, billing: Billing): ComposedInvoice {
  const { subscription, closed, opened, trial = false, freeUsage = false } = billing;
  const invoice = buildInvoice({
    subscription,
    customer: books.customer(subscription.customer),
    currency: subscription.currency,
    reason: billing.reason,
    period: closed ?? (opened && { start: opened.start, end: opened.start }),
    created: books.now(),
  });
  if (subscription.collection_method === "send_invoice") {
    sendInsteadOfCharging(invoice, subscription.days_until_due ?? 30);
  }
  const items = pendingItems(books, { ...invoice, subscription: subscription.id });
  const usage: UsageRecord[] = [];
  const lines: InvoiceLine[] = items.map((item) => itemLine(invoice, item));
  // "Pending invoice items …, subscription items in reverse chronological order."
  for (const item of subscription.items.data.toReversed()) {
    if (!isMetered(item.price)) {
      if (opened !== null) lines.push(flatLine(invoice, subscription, item, opened, trial));
    } else if (closed !== null) {
      const open = openUsageOf(books.records, subscription, item);
      const until = Math.min(open.until, closed.end);
      const line = usageLine(invoice, subscription, item, { start: open.from, end: until });
      usage.push({ ...open, until, id: line.id, invoice: invoice.id, countsUntil: null, free: freeUsage });
      lines.push(line);
    } else if (opened !== null && subscription.billing_mode.type === "classic") {
      // "Flexible billing mode doesn't create zero-amount line items when you add usage-based items."
      lines.push(flatLine(invoice, subscription, item, opened, trial));
    }
  }
  setLines(invoice, lines);
  return { invoice, usage, items };
}

/** Records a composed invoice, which takes its pending items. */
export function recordInvoice(books: Books, { invoice, usage, items }: ComposedInvoice): Invoice {
  books.records.invoices.set(invoice.id, invoice);
  for (const item of items) item.invoice = invoice.id;
  for (const record of usage) books.records.usageLines.set(record.id, record);
  refreshUsage(books, invoice);
  return invoice;
}

/**
 * Creates the draft of a subscription's invoice and makes it the latest. Null if it has no line: "If the invoice is empty as a
 * result, we don't generate one."
 */
export function draftInvoice(books: Books, billing: Billing): Invoice | null {
  const composed = composeInvoice(books, billing);
  if (composed.invoice.lines.data.length === 0) return null;
  billing.subscription.latest_invoice = composed.invoice.id;
  return recordInvoice(books, composed);
}

/** Makes a draft final by itself after the grace period, in which usage of the closed period still counts. */
export function scheduleFinalization(books: Books, invoice: Invoice, subscription: Subscription): void {
  const [item] = subscription.items.data;
  const period = item === undefined ? 0 : item.current_period_end - item.current_period_start;
  const grace = graceSeconds(books.records, meteredItemsOf(subscription).length > 0, period);
  invoice.automatically_finalizes_at = invoice.created + grace;
}

/** Stops a draft or an open invoice from advancing by itself. */
export function stopAdvancing(invoice: Invoice): void {
  invoice.auto_advance = false;
  invoice.automatically_finalizes_at = null;
  invoice.next_payment_attempt = null;
}

/** An invoice that is sent to its customer has a due date, and no charge pays it. */
export function sendInsteadOfCharging(invoice: Invoice, daysUntilDue: number): void {
  invoice.collection_method = "send_invoice";
  invoice.due_date = invoice.created + daysUntilDue * 86_400;
}

/** Finalizes a draft, which makes it open for payment. Later usage of its periods is on no invoice. */
export function openInvoice(books: Books, invoice: Invoice): void {
  refreshUsage(books, invoice);
  closeUsage(books.records, invoice);
  const customer = books.customer(invoice.customer);
  finalize(invoice, customer, books.now());
  applyBalance(books, invoice, customer);
  books.emit("invoice.finalized", invoice);
}

/** Pays an open invoice in full. */
export function payInvoice(books: Books, invoice: Invoice, how: { outOfBand?: boolean | undefined } = {}): void {
  const paid = invoice.amount_remaining;
  books.change("invoice.updated", invoice, (open) => markPaid(open, books.now()));
  if (paid > 0 && !how.outOfBand) recordCharge(books, invoice, paid);
  setDelinquent(books, invoice.customer, false);
  books.emit("invoice.paid", invoice);
  books.emit("invoice.payment_succeeded", invoice);
}

/** Records a declined payment of an open invoice. With `final`, no retry is scheduled. */
export function declineInvoice(books: Books, invoice: Invoice, final = false): void {
  const retryAt = final ? null : books.now() + RETRY_AFTER_SECONDS;
  books.change("invoice.updated", invoice, (open) => markAttemptFailed(open, retryAt));
  setDelinquent(books, invoice.customer, true);
  books.emit("invoice.payment_failed", invoice);
}

/** Voids an open invoice. */
export function voidInvoice(books: Books, invoice: Invoice): void {
  invoice.status = "void";
  stopAdvancing(invoice);
  invoice.status_transitions.voided_at = books.now();
  unapplyBalance(books, invoice);
  books.emit("invoice.voided", invoice);
}

/** Marks an open invoice as uncollectible. */
export function writeOffInvoice(books: Books, invoice: Invoice): void {
  invoice.status = "uncollectible";
  invoice.auto_advance = false;
  invoice.status_transitions.marked_uncollectible_at = books.now();
  books.emit("invoice.marked_uncollectible", invoice);
}

/** Returns the newest open invoice of a subscription. */
export function openInvoiceOf({ records }: Pick<Books, "records">, subscription: Subscription): Invoice | undefined {
  return [...records.invoices.values()].findLast((invoice) =>
    subscriptionOf(invoice) === subscription.id && invoice.status === "open"
  );
}

/** The payment method that invoices of a subscription are charged to: its own, or the customer's default. */
export function chargedMethodOf(books: Pick<Books, "records">, subscription: Subscription): string | null {
  return subscription.default_payment_method ?? defaultMethodOf(books, subscription.customer);
}

function defaultMethodOf({ records }: Pick<Books, "records">, customerId: string): string | null {
  const customer = records.customers.get(customerId);
  return !customer || "deleted" in customer ? null : customer.invoice_settings.default_payment_method;
}

/**
 * Whether a charge of an invoice fails. An invoice of its own is not charged to the payment method of a subscription: without a
 * method of its own or a default of the customer, it cannot be paid by itself.
 */
export function cannotBeCharged(books: Pick<Books, "records">, invoice: Invoice): boolean {
  const subscription = books.records.subscriptions.get(subscriptionOf(invoice) ?? "");
  if (invoice.default_payment_method !== null) return declines(invoice.default_payment_method);
  if (subscription !== undefined) return declines(chargedMethodOf(books, subscription));
  const method = defaultMethodOf(books, invoice.customer);
  return method === null || declines(method);
}

function setDelinquent(books: Books, customerId: string, delinquent: boolean): void {
  const customer = books.records.customers.get(customerId);
  if (!customer || "deleted" in customer) return;
  books.change<Customer>("customer.updated", customer, (changed) => {
    changed.delinquent = delinquent;
  });
}
