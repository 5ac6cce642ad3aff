/** Stripe's own names of its test payment methods: they say what a charge of them will do. */
export const WORKING_CARD = "pm_card_visa";
/** Can be saved and pays nothing: "attaching this card to a Customer object succeeds, but attempts to charge it fail". */
export const FAILING_CARD = "pm_card_chargeCustomerFail";
/** Debited in days, not at once. */
export const BANK_DEBIT = "pm_usBankAccount_success";

/** Whether charging this payment method is declined. */
export function declines(paymentMethod: string | null): boolean {
  return paymentMethod === FAILING_CARD;
}
