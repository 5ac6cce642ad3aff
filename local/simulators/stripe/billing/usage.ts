import { isNegative, minus } from "../objects/amounts.ts";
import { setLines, setUsage } from "../objects/invoice.ts";
import type { Invoice, Subscription, SubscriptionItem } from "../objects/shapes.ts";
import type { Records, UsageRecord } from "../records.ts";
import type { Books } from "./books.ts";
import { meteredQuantity } from "../metering/quantity.ts";

/** The usage of a metered item that is not billed yet, without the line that bills it. */
export type OpenUsage = Omit<UsageRecord, "id" | "invoice" | "countsUntil" | "free">;

/** Returns the usage of the current period that is not billed yet, of a metered item. */
export function openUsageOf(
  { metering }: Pick<Records, "metering">,
  { customer }: Pick<Subscription, "customer">,
  item: SubscriptionItem,
): OpenUsage {
  const { price } = item;
  const { from, settled } = metering.get(item.id) ?? { from: item.current_period_start, settled: "0" };
  return {
    customer,
    meter: price.recurring.meter!,
    from,
    until: item.current_period_end,
    settled,
    name: price.nickname ?? price.id,
    unitAmount: price.unit_amount_decimal,
  };
}

/** Returns the usage that was processed by `at` (Unix seconds), billed or not. It can be below zero. */
export function countedUsage(records: Records, usage: OpenUsage, at: number): string {
  const { customer, meter, from, until } = usage;
  return meteredQuantity(records, { customer, meterId: meter, from, until, at });
}

/** Returns the quantity to bill. Stripe bills a sum below zero as zero, and what is below zero is lost. */
export function billableUsage(records: Records, usage: OpenUsage, at: number): string {
  const left = minus(countedUsage(records, usage, at), usage.settled);
  return isNegative(left) ? "0" : left;
}

/** Computes the usage lines of a draft from the events that were processed by now. */
export function refreshUsage(books: Books, invoice: Invoice): void {
  if (invoice.status === "draft") fillUsage(books, invoice, books.records.usageLines);
}

/** Sets the quantities of the lines that `usage` has, and the sums of the invoice. */
export function fillUsage(books: Books, invoice: Invoice, usage: ReadonlyMap<string, UsageRecord>): void {
  const found = invoice.lines.data.map((line) => ({ line, record: usage.get(line.id) }));
  for (const { line, record } of found) {
    if (record === undefined) continue;
    const quantity = billableUsage(books.records, record, Math.min(books.now(), record.countsUntil ?? Infinity));
    setUsage(line, record.name, record.unitAmount, quantity, record.free);
  }
  if (found.some(({ record }) => record !== undefined)) setLines(invoice, invoice.lines.data);
}

/** Computes the usage lines of all drafts, which a reader is to see. */
export function refreshDrafts(books: Books): void {
  const ids = new Set([...books.records.usageLines.values()].map(({ invoice }) => invoice));
  for (const id of ids) {
    const invoice = books.records.invoices.get(id);
    if (invoice !== undefined) refreshUsage(books, invoice);
  }
}

/** Fixes the usage lines of an invoice: later usage is on no invoice. */
export function closeUsage({ usageLines }: Pick<Records, "usageLines">, invoice: Invoice): void {
  for (const { id } of invoice.lines.data) usageLines.delete(id);
}
