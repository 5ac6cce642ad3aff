import { buildInvoice, finalize, type InvoiceInput, markAttemptFailed, markPaid } from "../objects/invoice.ts";
import type { Customer, Invoice, Subscription } from "../objects/shapes.ts";
import type { Books } from "./books.ts";

/** Stripe first retries a declined payment after about three days. */
const RETRY_AFTER_SECONDS = 3 * 86_400;

/** Creates the draft invoice of a period and makes it the subscription's latest invoice. */
export function draftInvoice(books: Books, input: Omit<InvoiceInput, "created" | "customer">): Invoice {
  const customer = books.customer(input.subscription.customer);
  const invoice = buildInvoice({ ...input, customer, created: books.now() });
  books.records.invoices.set(invoice.id, invoice);
  input.subscription.latest_invoice = invoice.id;
  return invoice;
}

/** Finalizes a draft, which makes it open for payment. */
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
  invoice.auto_advance = false;
  invoice.next_payment_attempt = null;
  invoice.status_transitions.voided_at = books.now();
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
    invoice.parent.subscription_details.subscription === subscription.id && invoice.status === "open"
  );
}

/** The payment method that invoices of a subscription are charged to: its own, or the customer's default. */
export function chargedMethodOf({ records }: Pick<Books, "records">, subscription: Subscription): string | null {
  const customer = records.customers.get(subscription.customer);
  const ofCustomer = !customer || "deleted" in customer ? null : customer.invoice_settings.default_payment_method;
  return subscription.default_payment_method ?? ofCustomer;
}

function setDelinquent(books: Books, customerId: string, delinquent: boolean): void {
  const customer = books.records.customers.get(customerId);
  if (!customer || "deleted" in customer) return;
  books.change<Customer>("customer.updated", customer, (changed) => {
    changed.delinquent = delinquent;
  });
}
