import { invalidRequest } from "../errors.ts";
import { buildCharge, buildDispute, buildRefund } from "../objects/charge.ts";
import type { Charge, ChargeRecord, Dispute, Invoice, Metadata, Refund } from "../objects/shapes.ts";
import type { Books } from "./books.ts";

/** Records the charge that paid an invoice. */
export function recordCharge(books: Books, invoice: Invoice, amount: number): void {
  const record = buildCharge({ invoice, amount, created: books.now() });
  books.records.charges.set(record.id, record);
}

/** Returns the charge that paid an invoice, if one did. */
export function chargeOf({ records }: Pick<Books, "records">, invoice: Pick<Invoice, "id">): ChargeRecord | undefined {
  return [...records.charges.values()].findLast((record) => record.invoice === invoice.id);
}

/** Refunds a charge in part or in full. It moves money and changes no invoice. @throws StripeApiError if it is too much */
export function refund(
  books: Books,
  charge: Charge,
  input: { amount?: number | undefined; reason?: Refund["reason"] | undefined; metadata?: Metadata | undefined } = {},
): Refund {
  const left = charge.amount - charge.amount_refunded;
  const { amount = left, reason = null, metadata = {} } = input;
  if (left === 0) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, "charge", "charge_already_refunded");
  }
  if (charge.disputed) {
    throw invalidRequest(
      `Charge ${charge.id} has been charged back; cannot issue a refund.`,
      "charge",
      "charge_disputed",
    );
  }
  if (amount <= 0 || amount > left) {
    throw invalidRequest(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, "amount");
  }
  const made = buildRefund(charge, { amount, reason, metadata, created: books.now() });
  books.records.refunds.set(made.id, made);
  books.change<Charge>("charge.refunded", charge, (changed) => {
    changed.amount_refunded += amount;
    changed.refunded = changed.amount_refunded === changed.amount;
  });
  books.emit("refund.created", made);
  return made;
}

/** Disputes a charge, as its payer does at the bank. It moves money and changes no invoice. */
export function dispute(books: Books, charge: Charge, amount = charge.amount): Dispute {
  if (charge.disputed) throw invalidRequest(`Charge ${charge.id} is already disputed.`);
  const made = buildDispute(charge, { amount, created: books.now() });
  charge.disputed = true;
  books.records.disputes.set(made.id, made);
  books.emit("charge.dispute.created", made);
  books.emit("charge.dispute.funds_withdrawn", made);
  return made;
}

/** Decides a dispute. One that is won brings the money back. */
export function closeDispute(books: Books, open: Dispute, outcome: "won" | "lost"): void {
  open.status = outcome;
  if (outcome === "won") books.emit("charge.dispute.funds_reinstated", open);
  books.emit("charge.dispute.closed", open);
}
