import type { Reconciliation } from "../../../../client/switchboard.ts";

/** The nine classes into which the difference of a day is split, in the order of the ledger. */
export const CLASSES = [
  "notPricedYet",
  "carrierFee",
  "failedMessageFee",
  "uncategorised",
  "unknownCategory",
  "missingHere",
  "missingAtTwilio",
  "rate",
  "otherCurrency",
] as const satisfies readonly (keyof Reconciliation)[];
export type DifferenceClass = (typeof CLASSES)[number];

/** What a class says, and whether time explains it: the others raise an alert once the day is closed. */
export const CLASS_WORDS: Readonly<Record<DifferenceClass, { label: string; meaning: string; isExplained: boolean }>> =
  {
    notPricedYet: {
      label: "Not priced yet",
      meaning: "Messages and numbers that Twilio counts and that have no price in the ledger yet.",
      isExplained: true,
    },
    carrierFee: {
      label: "Carrier fees",
      meaning: "Carrier fees that the prices of messages do not contain yet.",
      isExplained: true,
    },
    failedMessageFee: {
      label: "Fees for failed messages",
      meaning: "Such fees in Twilio's usage beyond those in the ledger.",
      isExplained: true,
    },
    uncategorised: {
      label: "Without a category",
      meaning: "What Twilio's total has beyond the sum of its categories, or less.",
      isExplained: true,
    },
    unknownCategory: {
      label: "Unknown category",
      meaning: "A category of Twilio's that is not known here. Add it, and the day is compared again.",
      isExplained: false,
    },
    missingHere: {
      label: "Missing in the ledger",
      meaning: "Messages, numbers, fees or other products that Twilio counts and the ledger does not have.",
      isExplained: false,
    },
    missingAtTwilio: {
      label: "Missing at Twilio",
      meaning: "What the ledger has and Twilio does not count.",
      isExplained: false,
    },
    rate: {
      label: "Another price",
      meaning: "What both count, at another price in Twilio's usage.",
      isExplained: false,
    },
    otherCurrency: {
      label: "Another currency",
      meaning: "What one side has in another currency. Amounts of two currencies are never added.",
      isExplained: false,
    },
  };

/** A line of a breakdown that is not zero. */
export interface Share {
  name: DifferenceClass;
  amount: number;
}

export interface Breakdown {
  /** usageTotal - ledgerTotal: positive when Twilio counts more than the ledger. */
  difference: number;
  /** The classes that are not zero, in their order. */
  shares: readonly Share[];
  /** Whether the shares add up to the difference. The database checks it, so anything else is a fault of the transport. */
  addsUp: boolean;
}

/** Amounts are decimal numbers with six places: what is smaller comes from adding binary ones. */
const SMALLEST = 0.000_001;

/** How the difference of a day comes about. */
export function breakdownOf(day: Pick<Reconciliation, "usageTotal" | "ledgerTotal" | DifferenceClass>): Breakdown {
  const difference = rounded(day.usageTotal - day.ledgerTotal);
  const sum = CLASSES.reduce((total, name) => total + day[name], 0);
  return {
    difference,
    shares: CLASSES.map((name) => ({ name, amount: day[name] })).filter(({ amount }) => amount !== 0),
    addsUp: Math.abs(difference - sum) < SMALLEST * Math.max(1, Math.abs(day.usageTotal), Math.abs(day.ledgerTotal)),
  };
}

/** Without the noise of binary fractions: 0.3 - 0.1 is 0.2. */
export function rounded(amount: number): number {
  const value = Math.round(amount / SMALLEST) * SMALLEST;
  return value === 0 ? 0 : Number(value.toFixed(6));
}

/**
 * Whether a closed day must be explained: yes, no, or only if Twilio still shows the usage of the account. Of an account that
 * Twilio closed before the day was, the ledger may have more than what was read, and that needs no explanation.
 */
export function mustBeExplained(day: Reconciliation): "yes" | "no" | "unless_gone" {
  const unexplained = CLASSES.filter((name) => !CLASS_WORDS[name].isExplained && day[name] !== 0);
  if (!day.isClosed || day.isShifted || unexplained.length === 0) return "no";
  const isSure = day.unknownCategory !== 0 || day.missingHere !== 0 || day.otherCurrency !== 0 || day.rate > 0;
  return isSure ? "yes" : "unless_gone";
}
