import type { Invoice, Subscription } from "../objects/shapes.ts";
import { itemOf } from "../objects/subscription.ts";
import type { Records } from "../records.ts";
import { accountOf } from "./account.ts";
import type { Books } from "./books.ts";
import { stopAdvancing } from "./invoicing.ts";
import { advanceInvoice, end, hasEnded, renewWhenDue } from "./lifecycle.ts";

/** The statuses in which periods follow each other. A paused subscription has none, an incomplete one is not billed yet. */
const RENEWING: readonly Subscription["status"][] = ["active", "trialing", "past_due", "unpaid"];

/** Returns when the next period, trial or subscription ends, in Unix milliseconds. Null if none does. */
export function nextPeriodEnd(records: Records): number | null {
  return earliest([...records.subscriptions.values()].map((subscription) => dueAt(records, subscription)));
}

function dueAt(records: Records, subscription: Subscription): number {
  if (hasEnded(subscription)) return Infinity;
  const renews = RENEWING.includes(subscription.status) && accountOf(records).renewals === "automatic";
  return Math.min(
    subscription.cancel_at ?? Infinity,
    renews ? itemOf(subscription).current_period_end : Infinity,
  );
}

/** Ends the subscriptions whose `cancel_at` has passed, and renews those whose period or trial has ended. */
export function closePeriods(books: Books): void {
  const due = [...books.records.subscriptions.values()].filter((each) => dueAt(books.records, each) <= books.now());
  for (const subscription of due) {
    const { cancel_at: cancelAt } = subscription;
    if (cancelAt !== null && cancelAt <= books.now()) end(books, subscription, { atPeriodEnd: true });
    else renewWhenDue(books, subscription);
  }
}

/** Returns when the next draft becomes final by itself, in Unix milliseconds. Null if none does. */
export function nextFinalization({ invoices }: Pick<Records, "invoices">): number | null {
  return earliest([...invoices.values()].map(finalAt));
}

const finalAt = (invoice: Invoice) =>
  invoice.status === "draft" && invoice.auto_advance ? invoice.automatically_finalizes_at ?? Infinity : Infinity;

/** Finalises the drafts whose grace period is over, and collects their payments. */
export function finalizeDue(books: Books): void {
  for (const invoice of [...books.records.invoices.values()].filter((each) => finalAt(each) <= books.now())) {
    const customer = books.records.customers.get(invoice.customer);
    if (customer === undefined || "deleted" in customer) stopAdvancing(invoice);
    else advanceInvoice(books, invoice);
  }
}

function earliest(seconds: number[]): number | null {
  const first = Math.min(Infinity, ...seconds);
  return first === Infinity ? null : first * 1000;
}
