/** Stripe's test payment methods, whose names describe the result of a charge. */
export const WORKING_CARD = "pm_card_visa";
/** Stripe: "attaching this card to a Customer object succeeds, but attempts to charge it fail". */
export const FAILING_CARD = "pm_card_chargeCustomerFail";
/** A bank debit, which takes days. */
export const BANK_DEBIT = "pm_usBankAccount_success";

/** Returns whether a charge of this payment method is declined. */
export function declines(paymentMethod: string | null): boolean {
  return paymentMethod === FAILING_CARD;
}
