import { newId, randomText } from "./ids.ts";
import type { CreditNote, CreditNoteLine, Invoice, Metadata } from "./shapes.ts";

export interface CreditNoteInput {
  invoice: Invoice;
  /** How many credit notes the invoice already has. */
  before: number;
  lines: CreditNoteLine[];
  total: number;
  /** What lowers the amount that is still to be paid. The rest is given back. */
  prePayment: number;
  outOfBand: number | null;
  memo: string | null;
  reason: CreditNote["reason"];
  metadata: Metadata;
  created: number;
}

/** Builds a credit note without its refund and balance transaction. */
export function buildCreditNote(input: CreditNoteInput): CreditNote {
  const id = newId("cn");
  const { invoice, total, prePayment } = input;
  const postPayment = total - prePayment;
  return {
    id,
    object: "credit_note",
    amount: total,
    amount_shipping: 0,
    created: input.created,
    currency: invoice.currency,
    customer: invoice.customer,
    customer_account: null,
    customer_balance_transaction: null,
    discount_amount: 0,
    discount_amounts: [],
    effective_at: input.created,
    invoice: invoice.id,
    lines: { object: "list", data: input.lines, has_more: false, url: `/v1/credit_notes/${id}/lines` },
    livemode: false,
    memo: input.memo,
    metadata: input.metadata,
    number: `${invoice.number}-CN-${String(input.before + 1).padStart(2, "0")}`,
    out_of_band_amount: input.outOfBand,
    pdf: `https://pay.stripe.com/credit_notes/acct_1Simulated/test_${randomText(40)}/pdf?s=ap`,
    post_payment_amount: postPayment,
    pre_payment_amount: prePayment,
    pretax_credit_amounts: [],
    reason: input.reason,
    refunds: [],
    shipping_cost: null,
    status: "issued",
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_excluding_tax: total,
    total_taxes: [],
    type: postPayment === 0 ? "pre_payment" : prePayment === 0 ? "post_payment" : "mixed",
    voided_at: null,
  };
}

/** Builds a line of a credit note. `unitAmount` and `quantity` are absent for a line of an amount alone. */
export function buildCreditNoteLine(input: {
  invoiceLine: string | null;
  amount: number;
  description: string | null;
  quantity: number | null;
  unitAmount: string | null;
  metadata: Metadata;
}): CreditNoteLine {
  return {
    id: newId("cnli"),
    object: "credit_note_line_item",
    amount: input.amount,
    description: input.description,
    discount_amount: 0,
    discount_amounts: [],
    ...(input.invoiceLine !== null && { invoice_line_item: input.invoiceLine }),
    livemode: false,
    metadata: input.metadata,
    pretax_credit_amounts: [],
    quantity: input.quantity,
    tax_rates: [],
    taxes: [],
    type: input.invoiceLine !== null ? "invoice_line_item" : "custom_line_item",
    unit_amount: input.unitAmount !== null && !input.unitAmount.includes(".") ? Number(input.unitAmount) : null,
    unit_amount_decimal: input.unitAmount,
  };
}
