import type Stripe from "stripe";
import { isStripeFailure, isUnknownAtStripe } from "../stripe/errors.ts";
import { CHARGE_KEY, type ChargeDocument, type ChargeResult, type FinalCharge, isOfCharge } from "./final-charge.ts";

/**
 * Gives a charge back by credit notes on the customer's invoices, the last one first, on each as far as it has room. Safe to
 * repeat: each note has the charge as its idempotency key and in its metadata, by which a later try finds it.
 * @returns what was given back, which is less than the charge when no invoice has more room
 */
export async function creditCharge(
  customer: string,
  charge: FinalCharge,
  { stripe }: { stripe: Stripe },
): Promise<ChargeResult> {
  let invoices: Stripe.Invoice[];
  try {
    invoices = await stripe.invoices.list({ customer, limit: 100 }).autoPagingToArray({ limit: 1000 });
  } catch (error) {
    if (isUnknownAtStripe(error)) return { documents: [], isCustomerGone: true };
    throw error;
  }
  const candidates = invoices.filter(({ status, currency }) =>
    (status === "open" || status === "paid") && currency === charge.currency
  );
  const documents = charge.isRepeated ? await notesOf(candidates, charge, stripe) : [];
  for (const invoice of candidates) {
    const left = charge.amount - documents.reduce((sum, { amount }) => sum + amount, 0);
    if (left <= 0) break;
    if (documents.some(({ invoiceId }) => invoiceId === invoice.id)) continue;
    const amount = Math.min(left, roomOf(invoice));
    const note = amount > 0 ? await createNote(invoice, amount, charge, stripe) : null;
    if (note !== null) documents.push({ type: "credit_note", id: note.id, invoiceId: invoice.id, amount });
  }
  return { documents, isCustomerGone: false };
}

/** The notes that earlier tries have made. */
async function notesOf(invoices: Stripe.Invoice[], charge: FinalCharge, stripe: Stripe): Promise<ChargeDocument[]> {
  const documents: ChargeDocument[] = [];
  for (const invoice of invoices) {
    if (creditedOf(invoice) === 0) continue;
    const notes = await stripe.creditNotes.list({ invoice: invoice.id, limit: 100 }).autoPagingToArray({ limit: 1000 });
    const note = notes.find((each) => isOfCharge(each, charge) && each.status !== "void");
    if (note !== undefined) {
      const amount = Number(note.metadata?.[NET_KEY] ?? note.total);
      documents.push({ type: "credit_note", id: note.id, invoiceId: invoice.id, amount });
    }
  }
  return documents;
}

/** The amount without tax that a note gives back. */
const NET_KEY = "switchboard_net";

const creditedOf = (invoice: Stripe.Invoice) =>
  invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount;

/** How much, without tax, an invoice can still give back. Of an open one, only what is not paid yet. */
export function roomOf(invoice: Stripe.Invoice): number {
  const gross = invoice.status === "open" ? invoice.amount_remaining : invoice.total - creditedOf(invoice);
  const net = invoice.total_excluding_tax ?? invoice.total;
  return invoice.total <= 0 || gross <= 0 ? 0 : Math.floor(gross * net / invoice.total);
}

/** An amount without tax, with the share of tax that the invoice has. */
export function withTax(invoice: Stripe.Invoice, amount: number): number {
  const net = invoice.total_excluding_tax ?? invoice.total;
  return net <= 0 ? amount : Math.round(amount * invoice.total / net);
}

/** @returns null when Stripe refuses any credit on this invoice */
async function createNote(
  invoice: Stripe.Invoice,
  amount: number,
  charge: FinalCharge,
  stripe: Stripe,
): Promise<Stripe.CreditNote | null> {
  const total = withTax(invoice, amount);
  for (const method of methodsFor(invoice, charge)) {
    try {
      return await stripe.creditNotes.create({
        invoice: invoice.id,
        amount: total,
        ...(method === "refund" && { refund_amount: total }),
        ...(method === "balance" && { credit_amount: total }),
        ...(method === "outside" && { out_of_band_amount: total }),
        memo: "Correction of usage after the end of the subscription",
        metadata: { [CHARGE_KEY]: charge.id, [NET_KEY]: String(amount) },
      }, { idempotencyKey: `charge:${charge.id}:${invoice.id}:${method}` });
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }
  return null;
}

/** Stripe cannot refund what was paid outside of it. The customer's balance then takes the credit. */
function methodsFor({ status }: Stripe.Invoice, { method }: FinalCharge) {
  if (status === "open") return ["due"] as const;
  return method === "refund" ? ["refund", "balance"] as const : [method ?? "balance"] as const;
}

function isRefused(error: unknown): boolean {
  return isStripeFailure(error) && error.type === "StripeInvalidRequestError" && error.statusCode === 400;
}
