import type { UnbilledUsage, UnpaidAccountList } from "../../../../client/switchboard.ts";

/** What an operator reads about a state or a reason. */
export interface Words {
  label: string;
  /** Why it is so, in a sentence. */
  meaning: string;
  /** What to do about it, in a sentence. */
  next: string;
}

/** Why usage is never billed: `private.loss_reason`. */
export const LOSS_REASONS: Readonly<Record<string, Words>> = {
  no_payer: {
    label: "No subscription of their own",
    meaning: "The tenant used a gift, the free plan or the shared numbers.",
    next: "The plan's spend limit bounds it. Lower that limit if it costs too much.",
  },
  before_metering: {
    label: "Used before metering",
    meaning: "The subscription had no metered item of this kind yet.",
    next: "Nothing to do for a new subscription. If it goes on, check the metered prices at Stripe.",
  },
  too_small: {
    label: "Too small for an own invoice",
    meaning: "It was found after the subscription was over, and stayed below the minimum of an invoice for 35 days.",
    next: "Nothing to do.",
  },
  not_invoiced: {
    label: "Not invoiced at the end",
    meaning: "Stripe ended the subscription without billing it, and it is below the minimum of an invoice.",
    next: "Nothing to do.",
  },
  refused: {
    label: "Refused by Stripe",
    meaning: "Stripe refused it five times.",
    next: "Read Stripe's error under Rejected, and bill it by hand.",
  },
  customer_gone: {
    label: "Customer deleted at Stripe",
    meaning: "There is no customer to bill.",
    next: "Find out why the customer was deleted. Suspend the tenant if nothing pays any more.",
  },
  written_off: {
    label: "Written off",
    meaning: "An operator gave it up.",
    next: "Nothing to do.",
  },
  credit_owed: {
    label: "Credit owed",
    meaning: "It is owed to a tenant who has left, and no invoice has room for it.",
    next: "Pay it in another way.",
  },
};

/** Why usage is not billed yet. */
export const UNBILLED_STATES: Readonly<Record<UnbilledUsage["state"], Words>> = {
  pending: {
    label: "To be sent",
    meaning: "It is rated and waits for the next call to Stripe.",
    next: "After a few hours, read its error: Stripe refuses it, or a correction waits for room on an invoice.",
  },
  sending: {
    label: "Being sent",
    meaning: "A call to Stripe has begun, and its outcome is not recorded yet.",
    next: "The next call settles it.",
  },
  waits_for_rate: {
    label: "Waits for an exchange rate",
    meaning: "Twilio charges in another currency than the plan, and no rate is set for the day.",
    next: "Set the rate under Prices. The usage is rated at once.",
  },
  waits_for_price: {
    label: "Waits for a price",
    meaning: "Twilio has not priced all of the day, or Stripe has not told the billing period yet.",
    next: "Prices arrive within 48 hours. After that, compare the tenant with Twilio: open the tenant.",
  },
};

/** Why a row is in the list of what Stripe rejected: `private.billing_row_reason`. */
export const REJECTED_REASONS: Readonly<Record<string, Words>> = {
  usage: {
    label: "Refused",
    meaning: "Stripe refused this usage.",
    next: "It is sent again. After five refusals it is lost: bill it by hand then.",
  },
  rejection: {
    label: "Not counted",
    meaning: "Stripe had accepted these units and did not count them.",
    next: "They are sent again. If it happens again and again, end the cause that Stripe's error names.",
  },
  unbilled: {
    label: "Not on the invoice",
    meaning: "Stripe had counted these units, and the final invoice does not have them.",
    next: "They are sent again, into the open billing period.",
  },
};

/** What has become of a row: `private.billing_state`. */
export const BILLING_STATES: Readonly<Record<string, string>> = {
  pending: "to be sent",
  sending: "being sent",
  accepted: "accepted by Stripe",
  invoiced: "on an own invoice",
  credited: "credited",
  lost: "lost",
  trial: "trial, not billed",
};

type Unpaid = UnpaidAccountList["accounts"][number];

/** Why an account costs something that no subscription pays for. */
export const UNPAID_REASONS: Readonly<Record<Unpaid["reason"], Words>> = {
  user_deleted: {
    label: "User deleted",
    meaning: "The user no longer exists, and the account at Twilio is not gone yet.",
    next: "It is closed by itself. If it stays, close it.",
  },
  suspended_at_twilio: {
    label: "Suspended at Twilio",
    meaning: "The account was suspended in Twilio's console, so nothing is done to it.",
    next: "Find out why, then resume or close it.",
  },
  operator_hold: {
    label: "Held by an operator",
    meaning: "An operator suspended or closed it.",
    next: "Resume it, or close it: that releases its numbers.",
  },
  past_due: {
    label: "Payment past due",
    meaning: "The last payment failed. Stripe tries again.",
    next: "Wait for the end of the plan's grace period, or write to the tenant.",
  },
  paused: {
    label: "Collection paused",
    meaning: "The collection of the subscription is paused at Stripe.",
    next: "Resume the collection at Stripe, or cancel the subscription.",
  },
  unpaid: {
    label: "Unpaid",
    meaning: "Stripe gave up collecting the payment.",
    next: "Cancel the subscription, so that the numbers leave, or close the account.",
  },
  canceled: {
    label: "Canceled",
    meaning: "The subscription is over. Its numbers leave when the retention ends.",
    next: "Nothing to do, unless the cost is too high: close the account.",
  },
  no_subscription: {
    label: "Never subscribed",
    meaning: "No subscription was ever paid: the account is on the free plan.",
    next: "Close the account if it should not cost anything.",
  },
  not_returned: {
    label: "Number not returned",
    meaning: "The tenant pays again, and Twilio refuses to give a parked number back.",
    next: "Move the number by hand, with the papers that Twilio asks for.",
  },
  downgraded: {
    label: "More numbers than the plan allows",
    meaning: "The tenant changed to a smaller plan. Only the numbers beyond its limit are counted.",
    next: "The tenant can release them. A higher limit of numbers makes them paid for.",
  },
};

/** What was used. */
export const KINDS: Readonly<Record<NonNullable<UnbilledUsage["kind"]>, string>> = {
  sms_out: "SMS sent",
  sms_in: "SMS received",
  mms_out: "MMS sent",
  mms_in: "MMS received",
  number: "Numbers",
  fee: "Other fees",
};

/** The words for a value that this console may be too old to know. */
export function wordsFor(words: Readonly<Record<string, Words>>, value: string): Words {
  const plain = value.replaceAll("_", " ");
  return words[value] ??
    { label: plain, meaning: "This console has no words for it.", next: "See docs/operations.md." };
}
