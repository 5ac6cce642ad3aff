import type { TwilioOptions } from "../twilio/client.ts";
import type { NumberPrices } from "../twilio/pricing.ts";
import { hourCache } from "./hour-cache.ts";
import { highestPrice } from "./prices.ts";

/** The prices in a country (ISO 3166); null if they are not known. */
export type PricesIn = (country: string) => Promise<NumberPrices | null>;

/** What Twilio lists for a month of a number, and its currency (ISO 4217). */
export interface ListedPrice {
  amount: number;
  currency: string;
}

/** The listed price of a number by its country and type; null if it is not known. Throws what `pricesIn` throws. */
export async function listedPrice(phoneNumber: string, pricesIn: PricesIn): Promise<ListedPrice | null> {
  const { numberTypeOf } = await import("./number-type.ts");
  const type = numberTypeOf(phoneNumber);
  if (type === null) return null;
  const prices = await pricesIn(type.country);
  const amount = prices === null ? null : highestPrice(prices, type.types);
  return prices === null || amount === null ? null : { amount, currency: prices.currency };
}

/** Shared by all requests of this isolate. A limit on spending needs the price, so it waits longer than a search. */
const prices = hourCache<NumberPrices>({ timeoutMs: 5_000 });

/**
 * What Twilio charges a month for a number that is to be bought; null if it is not known. It asks the price list of the account
 * in `options`: the master account, because it pays. Never throws.
 */
export async function monthlyPriceOf(phoneNumber: string, options: TwilioOptions): Promise<number | null> {
  const { numberPrices } = await import("../twilio/pricing.ts");
  const listed = await listedPrice(phoneNumber, (country) => prices.of(country, () => numberPrices(country, options)));
  return listed?.amount ?? null;
}
