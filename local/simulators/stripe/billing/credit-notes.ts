import { invalidRequest, noSuch } from "../errors.ts";
import { amountOf } from "../objects/amounts.ts";
import { buildCreditNote, buildCreditNoteLine } from "../objects/credit-note.ts";
import type { CreditNote, CreditNoteLine, Invoice, Metadata } from "../objects/shapes.ts";
import { addToBalance } from "./balance.ts";
import type { Books } from "./books.ts";
import { chargeOf, refund } from "./charges.ts";
import { settleSubscription } from "./collection.ts";
import { payInvoice } from "./invoicing.ts";

/** A line of a new credit note: of a line of the invoice, or free. */
export interface CreditedLine {
  type: "invoice_line_item" | "custom_line_item";
  invoice_line_item?: string | undefined;
  amount?: number | undefined;
  quantity?: number | undefined;
  unit_amount?: number | undefined;
  unit_amount_decimal?: string | undefined;
  description?: string | undefined;
  metadata?: Metadata | undefined;
}

export interface CreditNoteRequest {
  invoice: string;
  amount?: number | undefined;
  lines?: CreditedLine[] | undefined;
  refund_amount?: number | undefined;
  credit_amount?: number | undefined;
  out_of_band_amount?: number | undefined;
  memo?: string | undefined;
  reason?: CreditNote["reason"] | undefined;
  metadata?: Metadata | undefined;
}

/**
 * Composes a credit note without recording it. It first lowers what remains to be paid. Only the excess is given back: "The sum
 * of refunds, customer balance credits, and outside of Stripe credits must equal the post_payment_amount."
 * @throws StripeApiError if that is not so, or the invoice would be credited for more than its total
 */
export function composeCreditNote(books: Books, request: CreditNoteRequest): CreditNote {
  const invoice = books.invoice(request.invoice, "invoice");
  if (invoice.status !== "open" && invoice.status !== "paid" && invoice.status !== "uncollectible") {
    throw invalidRequest("Credit notes can only be created for finalized invoices that are not void.", "invoice");
  }
  const notes = notesOf(books, invoice);
  const { lines, total } = creditedLines(invoice, notes, request);
  if (total <= 0) throw invalidRequest("The credit note amount must be greater than zero.", "amount");
  const most = creditableOf(books, invoice);
  if (total > most) {
    const message = `The credit note amount (${total}) is greater than the maximum creditable amount (${most}).`;
    throw invalidRequest(message, "amount");
  }
  const prePayment = Math.min(total, invoice.amount_remaining);
  const { refund_amount: refunded = 0, credit_amount: credited = 0, out_of_band_amount: outOfBand } = request;
  const sum = refunded + credited + (outOfBand ?? 0);
  if (sum !== total - prePayment) {
    throw invalidRequest(
      `The sum of credit amount, refund amount and out of band amount (${sum}) must equal the post payment credit note ` +
        `amount (${total - prePayment}).`,
    );
  }
  const charge = chargeOf(books, invoice)?.charge;
  const refundable = charge === undefined || charge.disputed ? 0 : charge.amount - charge.amount_refunded;
  if (refunded > refundable) {
    const message = `The refund amount (${refunded}) is greater than the amount that can be refunded (${refundable}).`;
    throw invalidRequest(message, "refund_amount");
  }
  if (credited > 0) books.customer(invoice.customer, "invoice");
  return buildCreditNote({
    invoice,
    before: notes.length,
    lines,
    total,
    prePayment,
    outOfBand: outOfBand ?? null,
    memo: request.memo ?? null,
    reason: request.reason ?? null,
    metadata: request.metadata ?? {},
    created: books.now(),
  });
}

/** Issues a credit note, and refunds and credits what it gives back. */
export function issueCreditNote(books: Books, request: CreditNoteRequest): CreditNote {
  const note = composeCreditNote(books, request);
  const invoice = books.invoice(note.invoice);
  const { refund_amount: refunded = 0, credit_amount: credited = 0 } = request;
  books.records.creditNotes.set(note.id, note);
  if (credited > 0) {
    const customer = books.customer(note.customer);
    const cause = { type: "credit_note", creditNote: note.id, invoice: invoice.id };
    note.customer_balance_transaction = addToBalance(books, customer, -credited, cause).id;
  }
  if (refunded > 0) {
    const made = refund(books, chargeOf(books, invoice)!.charge, { amount: refunded });
    note.refunds.push({ amount_refunded: refunded, payment_record_refund: null, refund: made.id, type: "refund" });
  }
  books.emit("credit_note.created", note);
  books.change("invoice.updated", invoice, (credited) => applyNote(credited, note, 1));
  if (invoice.status === "open" && invoice.amount_remaining === 0) {
    payInvoice(books, invoice);
    settleSubscription(books, invoice);
  }
  return note;
}

/** Voids a credit note: the invoice is due again. @throws StripeApiError if the invoice is not open any more */
export function voidCreditNote(books: Books, note: CreditNote): void {
  const invoice = books.invoice(note.invoice);
  if (note.status === "void") throw invalidRequest("This credit note is already void.");
  if (invoice.status !== "open") {
    throw invalidRequest("You can only void a credit note of an invoice that is open.");
  }
  note.status = "void";
  note.voided_at = books.now();
  books.emit("credit_note.voided", note);
  books.change("invoice.updated", invoice, (credited) => applyNote(credited, note, -1));
}

function applyNote(invoice: Invoice, note: CreditNote, sign: 1 | -1): void {
  invoice.pre_payment_credit_notes_amount += sign * note.pre_payment_amount;
  invoice.post_payment_credit_notes_amount += sign * note.post_payment_amount;
  invoice.amount_due -= sign * note.pre_payment_amount;
  invoice.amount_remaining -= sign * note.pre_payment_amount;
}

function notesOf({ records }: Pick<Books, "records">, invoice: Invoice): CreditNote[] {
  return [...records.creditNotes.values()].filter((note) => note.invoice === invoice.id);
}

/** What can still be credited: "the credit note API subtracts those refund amounts from the maximum creditable amount". */
function creditableOf(books: Books, invoice: Invoice): number {
  const issued = notesOf(books, invoice).filter(({ status }) => status === "issued");
  const byNotes = issued.flatMap(({ refunds }) => refunds).reduce((sum, { amount_refunded: part }) => sum + part, 0);
  const refunded = chargeOf(books, invoice)?.charge.amount_refunded ?? 0;
  return invoice.total - issued.reduce((sum, { total }) => sum + total, 0) - (refunded - byNotes);
}

function creditedLines(
  invoice: Invoice,
  notes: CreditNote[],
  { amount, lines: wanted }: CreditNoteRequest,
): { lines: CreditNoteLine[]; total: number } {
  if (amount === undefined && wanted === undefined) {
    throw invalidRequest(
      "You must specify either `amount`, `lines` or `shipping_cost`.",
      "amount",
      "parameter_missing",
    );
  }
  const credited = new Map<string, number>();
  for (const { lines } of notes.filter(({ status }) => status === "issued")) {
    for (const line of lines.data) addTo(credited, line.invoice_line_item, line.amount);
  }
  const lines = wanted?.map((line, index) => creditedLine(invoice, credited, line, index)) ?? [buildCreditNoteLine({
    invoiceLine: null,
    amount: amount!,
    description: "Credit",
    quantity: 1,
    unitAmount: String(amount),
    metadata: {},
  })];
  const total = lines.reduce((sum, line) => sum + line.amount, 0);
  if (amount !== undefined && amount !== total) {
    throw invalidRequest(`The amount (${amount}) must equal the sum of the lines (${total}).`, "amount");
  }
  return { lines, total };
}

function creditedLine(
  invoice: Invoice,
  credited: Map<string, number>,
  wanted: CreditedLine,
  index: number,
): CreditNoteLine {
  const param = (name: string) => `lines[${index}][${name}]`;
  const { quantity, metadata = {} } = wanted;
  if (wanted.type === "custom_line_item") {
    const unitAmount = wanted.unit_amount_decimal ?? (wanted.unit_amount ?? wanted.amount)?.toString();
    if (unitAmount === undefined) {
      throw invalidRequest("Missing unit_amount.", param("unit_amount"), "parameter_missing");
    }
    if (wanted.description === undefined) {
      throw invalidRequest("A custom line needs a description.", param("description"), "parameter_missing");
    }
    const amount = amountOf(String(quantity ?? 1), unitAmount);
    const { description } = wanted;
    return buildCreditNoteLine({
      invoiceLine: null,
      amount,
      description,
      quantity: quantity ?? 1,
      unitAmount,
      metadata,
    });
  }
  const line = invoice.lines.data.find(({ id }) => id === wanted.invoice_line_item);
  if (line === undefined) {
    throw noSuch("invoice line item", wanted.invoice_line_item ?? "", param("invoice_line_item"));
  }
  const unitAmount = line.pricing.unit_amount_decimal;
  if ((wanted.amount === undefined) === (quantity === undefined)) {
    throw invalidRequest("You must specify one of these parameters: amount, quantity.", param("amount"));
  }
  const amount = wanted.amount ?? amountOf(String(quantity), unitAmount);
  const left = line.amount - (credited.get(line.id) ?? 0);
  if (amount > left) {
    const message = `The amount (${amount}) is greater than what can be credited of the line (${left}).`;
    throw invalidRequest(message, param("amount"));
  }
  addTo(credited, line.id, amount);
  return buildCreditNoteLine({
    invoiceLine: line.id,
    amount,
    description: wanted.description ?? line.description,
    quantity: quantity ?? null,
    unitAmount: quantity === undefined ? null : unitAmount,
    metadata,
  });
}

function addTo(sums: Map<string, number>, id: string | undefined, amount: number): void {
  if (id !== undefined) sums.set(id, (sums.get(id) ?? 0) + amount);
}
