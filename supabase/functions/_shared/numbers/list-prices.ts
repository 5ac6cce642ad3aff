import { type Db, decide, rows } from "../platform/database.ts";
import { failureOf } from "../twilio/errors.ts";
import type { NumberPrices } from "../twilio/pricing.ts";
import { listedPrice, type PricesIn } from "./monthly-price.ts";

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
  const known = new Map<string, NumberPrices | null>();
  const pricesIn: PricesIn = async (country) => {
    if (!known.has(country)) known.set(country, await soldIn(country, numberPrices));
    return known.get(country) ?? null;
  };
  for (const { number_id: numberId, phone_number: phoneNumber } of numbers) {
    const listed = await listedPrice(phoneNumber, pricesIn);
    await decide(db, "record_list_price", {
      p_number_id: numberId,
      p_monthly_price: listed?.amount ?? null,
      p_price_unit: listed?.currency ?? null,
    });
  }
  return numbers.length;
}

/** @returns null for a country in which Twilio sells no numbers */
async function soldIn(
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
