import { invalidRequest } from "../errors.ts";
import { itemLine, setLines } from "../objects/invoice.ts";
import { buildInvoiceItem, type InvoiceItemInput, subscriptionOfItem } from "../objects/invoice-item.ts";
import type { Invoice, InvoiceItem } from "../objects/shapes.ts";
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

/** Adds the line of an item at the end of a draft. */
export function attachToDraft(books: Books, draft: Invoice, item: InvoiceItem): void {
  books.change("invoice.updated", draft, () => setLines(draft, [...draft.lines.data, itemLine(draft, item)]));
}

/** Deletes an item, with its line if it is on a draft. @throws StripeApiError if its invoice is final */
export function removeInvoiceItem(books: Books, item: InvoiceItem): void {
  const invoice = item.invoice === null ? undefined : books.records.invoices.get(item.invoice);
  if (invoice !== undefined && invoice.status !== "draft") {
    throw invalidRequest("You can't delete an invoice item that is attached to a finalized invoice.");
  }
  books.records.invoiceItems.delete(item.id);
  books.emit("invoiceitem.deleted", item);
  if (invoice === undefined) return;
  const left = invoice.lines.data.filter(({ parent }) => parent?.invoice_item_details?.invoice_item !== item.id);
  books.change("invoice.updated", invoice, () => setLines(invoice, left));
}
