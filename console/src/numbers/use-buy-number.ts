import type { NumberPurchase, PhoneNumber, Switchboard } from "../../../client/switchboard.ts";
import { isFailure } from "../platform/failure.ts";
import { useNumberAction } from "./use-numbers.ts";

/** Seconds after which to look for a number whose purchase got no usable answer. */
const LOOK_AFTER: readonly number[] = [0, 1, 2];

/** Errors after which the number may have been bought nevertheless. With any other, the server bought nothing. */
const OUTCOME_UNKNOWN: ReadonlySet<string> = new Set([
  "number_purchase_in_progress",
  "unreachable",
  "timed_out",
  "aborted",
  "unexpected_answer",
  "internal_error",
  "database_unavailable",
]);

/** Whether a failed purchase may have bought the number. */
export function isOutcomeUnknown(error: unknown): boolean {
  return isFailure(error) && OUTCOME_UNKNOWN.has(error.code);
}

/**
 * Buys a number. A purchase without a usable answer is looked for: it succeeds when the number is the tenant's. Repeating it is
 * safe: the server reserves a number once, and says so when the tenant already has it.
 */
export function useBuyNumber(onDone: (number: PhoneNumber) => void) {
  return useNumberAction({
    key: ["buy-number"],
    act: async (switchboard, order: NumberPurchase) => {
      try {
        return await switchboard.buyNumber(order);
      } catch (error) {
        const mayBeOurs = isOutcomeUnknown(error) || (isFailure(error) && error.code === "number_taken");
        const bought = mayBeOurs ? await find(switchboard, order.phoneNumber) : null;
        if (bought === null) throw error;
        return bought;
      }
    },
    onDone,
  });
}

async function find(switchboard: Switchboard, phoneNumber: string): Promise<PhoneNumber | null> {
  for (const seconds of LOOK_AFTER) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    // Without an answer here as well, the error of the purchase says more.
    const { source, numbers } = await switchboard.listNumbers().catch(() => ({ source: "master", numbers: [] }));
    const found = source === "subaccount" ? numbers.find((number) => number.phoneNumber === phoneNumber) : undefined;
    if (found !== undefined) return found;
  }
  return null;
}
