import { type Db, decide, rows } from "../platform/database.ts";
import { failureOf } from "../twilio/errors.ts";
import type { NumberPrices } from "../twilio/pricing.ts";
import { highestPrice } from "./prices.ts";

export interface ListPriceDependencies {
  db: Db;
  /** The master account's prices in a country (ISO 3166). */
  numberPrices: (country: string) => Promise<NumberPrices>;
}

/**
 * Reads the listed prices of numbers that were not bought here, at most `limit`. Each country is asked for once.
 * @returns how many numbers were looked at
 */
export async function recordListPrices(limit: number, { db, numberPrices }: ListPriceDependencies): Promise<number> {
  const numbers = await rows(db, "numbers_to_price", { p_limit: limit });
  if (numbers.length === 0) return 0;
  const { numberTypeOf } = await import("./number-type.ts");
  const known = new Map<string, NumberPrices | null>();
  for (const { phone_number: phoneNumber } of numbers) {
    const type = numberTypeOf(phoneNumber);
    if (type !== null && !known.has(type.country)) known.set(type.country, await pricesIn(type.country, numberPrices));
    const prices = type === null ? null : known.get(type.country) ?? null;
    await decide(db, "record_list_price", {
      p_phone_number: phoneNumber,
      p_monthly_price: prices === null || type === null ? null : highestPrice(prices, type.types),
      p_price_unit: prices?.currency ?? null,
    });
  }
  return numbers.length;
}

/** @returns null for a country in which Twilio sells no numbers */
async function pricesIn(
  country: string,
  numberPrices: ListPriceDependencies["numberPrices"],
): Promise<NumberPrices | null> {
  try {
    return await numberPrices(country);
  } catch (error) {
    if (failureOf(error)?.kind === "not_found") return null;
    throw error;
  }
}
