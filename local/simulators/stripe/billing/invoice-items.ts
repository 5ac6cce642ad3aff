import { buildInvoiceItem, type InvoiceItemInput, subscriptionOfItem } from "../objects/invoice-item.ts";
import type { InvoiceItem } from "../objects/shapes.ts";
import type { Books } from "./books.ts";

/** Creates an invoice item, which waits for an invoice unless it names one. */
export function addInvoiceItem(books: Books, input: Omit<InvoiceItemInput, "created">): InvoiceItem {
  const item = buildInvoiceItem({ ...input, created: books.now() });
  books.records.invoiceItems.set(item.id, item);
  books.emit("invoiceitem.created", item);
  return item;
}

/**
 * Returns the items that wait for an invoice of the customer, newest first, as Stripe lists them. An invoice of a subscription
 * bills the items of that subscription and those of none; an invoice of its own bills those of none.
 */
export function pendingItems(
  { records }: Pick<Books, "records">,
  wanted: { customer: string; currency: string; subscription: string | null },
): InvoiceItem[] {
  return [...records.invoiceItems.values()].filter((item) => {
    const subscription = subscriptionOfItem(item);
    return item.invoice === null && item.customer === wanted.customer && item.currency === wanted.currency &&
      (subscription === null || subscription === wanted.subscription);
  }).reverse();
}
