import type { TwilioOptions } from "../twilio/client.ts";
import { highestPrice, priceCache } from "./prices.ts";

/** What Twilio charges a month for a number; null if it is not known. Never throws. */
export type MonthlyPriceOf = (phoneNumber: string) => Promise<number | null>;

/** Shared by all requests of this isolate. A limit on spending needs the price, so it waits longer than a search. */
const prices = priceCache({ timeoutMs: 5_000 });

/** Asks the price list of the account in `options`: the master account, because it pays. */
export function monthlyPriceOf(options: TwilioOptions): MonthlyPriceOf {
  return async (phoneNumber) => {
    const [{ numberTypeOf }, { numberPrices }] = await Promise.all([
      import("./number-type.ts"),
      import("../twilio/pricing.ts"),
    ]);
    const type = numberTypeOf(phoneNumber);
    if (type === null) return null;
    const known = await prices.in(type.country, () => numberPrices(type.country, options));
    return known === null ? null : highestPrice(known, type.types);
  };
}
