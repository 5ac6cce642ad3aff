import { newId } from "./ids.ts";
import type { Charge, ChargeRecord, Invoice } from "./shapes.ts";

/** Builds the charge that paid an invoice. In the current API version, a charge does not contain the invoice. */
export function buildCharge({ invoice, amount, created }: {
  invoice: Invoice;
  amount: number;
  created: number;
}): ChargeRecord {
  const id = newId("ch");
  const charge: Charge = {
    id,
    object: "charge",
    amount,
    amount_captured: amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: {
      address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
      email: invoice.customer_email,
      name: invoice.customer_name,
      phone: null,
      tax_id: null,
    },
    calculated_statement_descriptor: null,
    captured: true,
    created,
    currency: invoice.currency,
    customer: invoice.customer,
    description: "Subscription update",
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: null,
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: null,
    paid: true,
    payment_intent: newId("pi"),
    payment_method: invoice.default_payment_method,
    payment_method_details: null,
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "succeeded",
    transfer_data: null,
    transfer_group: null,
  };
  return { id, invoice: invoice.id, charge };
}
