import { invalidRequest, StripeApiError } from "../errors.ts";
import { mergeMetadata } from "../objects/metadata.ts";
import { buildInvoice, itemLine, setLines, subscriptionOf } from "../objects/invoice.ts";
import type { Invoice, Metadata } from "../objects/shapes.ts";
import { accountOf } from "./account.ts";
import type { Books } from "./books.ts";
import { pendingItems } from "./invoice-items.ts";
import * as lifecycle from "./lifecycle.ts";
import {
  cannotBeCharged,
  declineInvoice,
  openInvoice,
  openInvoiceOf,
  payInvoice,
  recordInvoice,
  sendInsteadOfCharging,
  stopAdvancing,
  voidInvoice,
} from "./invoicing.ts";
import { declines } from "./payment-methods.ts";

const HOUR = 3600;
const FIVE_YEARS = 5 * 366 * 86_400;

/** The fields of an invoice that its operator can set. */
export interface InvoiceFields {
  auto_advance?: boolean | undefined;
  automatic_tax?: { enabled: boolean } | undefined;
  automatically_finalizes_at?: number | undefined;
  collection_method?: Invoice["collection_method"] | undefined;
  days_until_due?: number | undefined;
  default_payment_method?: string | null | undefined;
  description?: string | null | undefined;
  metadata?: Metadata | "" | undefined;
}

/** Creates a draft of its own, without or with the pending items of the customer or of a subscription. */
export function createInvoice(
  books: Books,
  input: InvoiceFields & {
    customer: string;
    subscription?: string | undefined;
    currency?: string | undefined;
    pending_invoice_items_behavior?: "exclude" | "include" | undefined;
  },
): Invoice {
  const customer = books.customer(input.customer, "customer");
  const subscription = input.subscription === undefined ? null : books.subscription(input.subscription, "subscription");
  if (subscription !== null && subscription.customer !== customer.id) {
    throw invalidRequest(`The subscription \`${subscription.id}\` is not one of this customer's.`, "subscription");
  }
  if (input.collection_method === "send_invoice" && customer.email === null) {
    throw invalidRequest(
      "Missing email. In order to create invoices that are sent to the customer, the customer must have a valid email.",
      "collection_method",
    );
  }
  const currency = input.currency ?? subscription?.currency ?? customer.currency ?? "usd";
  const invoice = buildInvoice({
    customer,
    subscription,
    currency,
    reason: "manual",
    period: null,
    created: books.now(),
  });
  const includes = subscription !== null || input.pending_invoice_items_behavior === "include";
  const items = includes
    ? pendingItems(books, { customer: customer.id, currency, subscription: subscription?.id ?? null })
    : [];
  setLines(invoice, items.map((item) => itemLine(invoice, item)));
  // "Invoices you create with the API won't automatically finalize."
  invoice.auto_advance = false;
  setFields(books, invoice, { auto_advance: input.automatically_finalizes_at !== undefined, ...input });
  recordInvoice(books, { invoice, usage: [], items });
  customer.currency ??= currency;
  books.emit("invoice.created", invoice);
  return invoice;
}

/** Changes an invoice. @throws StripeApiError if its status does not allow the change */
export function updateInvoice(books: Books, invoice: Invoice, input: InvoiceFields): void {
  const collects = input.auto_advance === true && !invoice.auto_advance && invoice.status === "open";
  books.change("invoice.updated", invoice, () => setFields(books, invoice, input));
  if (collects) lifecycle.collect(books, invoice);
}

function setFields(books: Books, invoice: Invoice, input: InvoiceFields): void {
  const { automatically_finalizes_at: finalizesAt, auto_advance: autoAdvance } = input;
  const isDraft = invoice.status === "draft";
  if (autoAdvance && !isDraft && invoice.status !== "open") {
    throw invalidRequest(
      `An invoice with the status ${invoice.status} cannot be advanced automatically.`,
      "auto_advance",
    );
  }
  if (input.collection_method !== undefined && input.collection_method !== invoice.collection_method) {
    if (!isDraft) throw invalidRequest("You can only change the collection method of a draft.", "collection_method");
    invoice.collection_method = input.collection_method;
    invoice.due_date = null;
  }
  if (input.days_until_due !== undefined) {
    if (invoice.collection_method !== "send_invoice") {
      throw invalidRequest("You can only pass in `days_until_due` if you're sending an invoice.", "days_until_due");
    }
    sendInsteadOfCharging(invoice, input.days_until_due);
  }
  if (autoAdvance === false) stopAdvancing(invoice);
  if (autoAdvance === true) {
    invoice.auto_advance = true;
    if (isDraft) invoice.automatically_finalizes_at ??= books.now() + HOUR;
  }
  if (finalizesAt !== undefined) reschedule(books, invoice, finalizesAt);
  if (input.default_payment_method !== undefined) invoice.default_payment_method = input.default_payment_method;
  if (input.description !== undefined) invoice.description = input.description;
  if (input.automatic_tax !== undefined) invoice.automatic_tax.enabled = input.automatic_tax.enabled;
  invoice.metadata = mergeMetadata(invoice.metadata ?? {}, input.metadata);
}

function reschedule(books: Books, invoice: Invoice, at: number): void {
  const param = "automatically_finalizes_at";
  if (invoice.status !== "draft") throw invalidRequest("Only a draft can be scheduled to be finalized.", param);
  if (!invoice.auto_advance) {
    throw invalidRequest("An invoice with `auto_advance` set to false cannot be scheduled to be finalized.", param);
  }
  if (at <= books.now() || at > books.now() + FIVE_YEARS) {
    throw invalidRequest("The time must be in the future and at most 5 years away.", param);
  }
  if (accountOf(books.records).usageInRescheduledDrafts === "ends_with_grace") {
    for (const { id } of invoice.lines.data) {
      const usage = books.records.usageLines.get(id);
      if (usage !== undefined) usage.countsUntil ??= invoice.automatically_finalizes_at;
    }
  }
  invoice.automatically_finalizes_at = at;
}

/** Deletes a draft of its own with its items. @throws StripeApiError for others */
export function deleteDraft(books: Books, invoice: Invoice): void {
  if (invoice.status !== "draft") {
    throw invalidRequest(`You can only delete draft invoices. The status of this one is ${invoice.status}.`);
  }
  if (subscriptionOf(invoice) !== null) {
    throw invalidRequest("You can't delete invoices created by subscriptions.");
  }
  books.records.invoices.delete(invoice.id);
  for (const item of [...books.records.invoiceItems.values()]) {
    if (item.invoice === invoice.id) books.records.invoiceItems.delete(item.id);
  }
  books.emit("invoice.deleted", invoice);
}

/** Finalises a draft. @throws StripeApiError if it is final */
export function finalizeInvoice(books: Books, invoice: Invoice, autoAdvance?: boolean): void {
  if (invoice.status !== "draft") {
    const message = "This invoice is already finalized, you can't re-finalize a non-draft invoice.";
    throw invalidRequest(message, undefined, "invoice_not_editable");
  }
  if (autoAdvance !== undefined) invoice.auto_advance = autoAdvance;
  lifecycle.advanceInvoice(books, invoice);
}

/** Charges an invoice now, or records that it was paid outside of Stripe. @throws StripeApiError if it cannot be paid */
export function payNow(
  books: Books,
  invoice: Invoice,
  how: { method?: string | undefined; outOfBand?: boolean | undefined },
): void {
  if (invoice.status === "paid") throw invalidRequest("Invoice is already paid", undefined, "invoice_already_paid");
  if (invoice.status === "void") {
    throw invalidRequest(`This invoice can't be paid because its status is ${invoice.status}.`);
  }
  if (invoice.status === "draft") openInvoice(books, invoice);
  const subscription = books.records.subscriptions.get(subscriptionOf(invoice) ?? "");
  const isLatest = subscription !== undefined && openInvoiceOf(books, subscription)?.id === invoice.id;
  const fails = how.method === undefined ? cannotBeCharged(books, invoice) : declines(how.method);
  if (fails && !how.outOfBand && invoice.amount_remaining > 0) {
    if (isLatest) lifecycle.failPayment(books, subscription);
    else if (subscription === undefined) declineInvoice(books, invoice);
    throw cardDeclined();
  }
  if (isLatest && !lifecycle.hasEnded(subscription)) lifecycle.pay(books, subscription, how);
  else payInvoice(books, invoice, how);
}

function cardDeclined(): StripeApiError {
  return new StripeApiError(402, { type: "card_error", code: "card_declined", message: "Your card was declined." });
}

/** Sends an invoice to its customer, and finalises a draft before. @throws StripeApiError if it is charged */
export function sendInvoice(books: Books, invoice: Invoice): void {
  if (invoice.collection_method !== "send_invoice") {
    throw invalidRequest("You can only manually send an invoice if its collection method is 'send_invoice'.");
  }
  if (invoice.status === "draft") lifecycle.advanceInvoice(books, invoice);
  books.emit("invoice.sent", invoice);
}

/** Voids an invoice. The latest open one of a past due subscription makes it active. */
export function voidNow(books: Books, invoice: Invoice): void {
  voidInvoice(books, invoice);
  settleSubscription(books, invoice);
}

/** A subscription whose latest invoice needs no payment any more is not past due. */
export function settleSubscription(books: Books, invoice: Invoice): void {
  const subscription = books.records.subscriptions.get(subscriptionOf(invoice) ?? "");
  if (subscription === undefined || subscription.latest_invoice !== invoice.id) return;
  lifecycle.update(books, subscription, (changed) => {
    if (changed.status === "past_due") changed.status = "active";
  });
}
