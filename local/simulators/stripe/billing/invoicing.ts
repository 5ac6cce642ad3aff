import { buildInvoice, finalize, type InvoiceInput, markAttemptFailed, markPaid } from "../objects/invoice.ts";
import type { Customer, Invoice, Subscription } from "../objects/shapes.ts";
import type { Books } from "./books.ts";

/** Stripe's first retry of a declined payment comes about three days later. */
const RETRY_AFTER_SECONDS = 3 * 86_400;

/** Writes the draft invoice of a subscription's period and makes it the latest one. */
export function draftInvoice(books: Books, input: Omit<InvoiceInput, "created" | "customer">): Invoice {
  const customer = books.customer(input.subscription.customer);
  const invoice = buildInvoice({ ...input, customer, created: books.now() });
  books.records.invoices.set(invoice.id, invoice);
  input.subscription.latest_invoice = invoice.id;
  return invoice;
}

/** Makes a draft payable. */
export function openInvoice(books: Books, invoice: Invoice): void {
  finalize(invoice, books.customer(invoice.customer), books.now());
  books.emit("invoice.finalized", invoice);
}

/** Pays an open invoice in full. */
export function payInvoice(books: Books, invoice: Invoice): void {
  books.change("invoice.updated", invoice, (open) => markPaid(open, books.now()));
  setDelinquent(books, invoice.customer, false);
  books.emit("invoice.paid", invoice);
  books.emit("invoice.payment_succeeded", invoice);
}

/** Records a declined attempt at an open invoice. After the final one Stripe tries no more. */
export function declineInvoice(books: Books, invoice: Invoice, final = false): void {
  const retryAt = final ? null : books.now() + RETRY_AFTER_SECONDS;
  books.change("invoice.updated", invoice, (open) => markAttemptFailed(open, retryAt));
  setDelinquent(books, invoice.customer, true);
  books.emit("invoice.payment_failed", invoice);
}

/** Voids an open invoice: nobody is to pay it any more. */
export function voidInvoice(books: Books, invoice: Invoice): void {
  invoice.status = "void";
  invoice.auto_advance = false;
  invoice.next_payment_attempt = null;
  invoice.status_transitions.voided_at = books.now();
  books.emit("invoice.voided", invoice);
}

/** Writes an open invoice off. */
export function writeOffInvoice(books: Books, invoice: Invoice): void {
  invoice.status = "uncollectible";
  invoice.auto_advance = false;
  invoice.status_transitions.marked_uncollectible_at = books.now();
  books.emit("invoice.marked_uncollectible", invoice);
}

/** The newest invoice of a subscription that waits for payment. */
export function openInvoiceOf(books: Books, subscription: Subscription): Invoice | undefined {
  return [...books.records.invoices.values()].findLast((invoice) =>
    invoice.parent.subscription_details.subscription === subscription.id && invoice.status === "open"
  );
}

function setDelinquent(books: Books, customerId: string, delinquent: boolean): void {
  const customer = books.records.customers.get(customerId);
  if (!customer || "deleted" in customer) return;
  books.change<Customer>("customer.updated", customer, (changed) => {
    changed.delinquent = delinquent;
  });
}
