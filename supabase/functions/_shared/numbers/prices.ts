import type { NumberPrices } from "../twilio/pricing.ts";

/**
 * The highest monthly price of a number that may be of any of these types; null if none is known. Where the types are unknown,
 * or Twilio prices none of them, it is the highest price of the country: a limit on spending must not count too little.
 */
export function highestPrice({ byType }: NumberPrices, types: readonly string[] | null): number | null {
  const priced = (types ?? []).flatMap((type) => byType.get(type) ?? []);
  // An empty text, or 0, is no price: the number would count nothing.
  const amounts = (priced.length > 0 ? priced : [...byType.values()]).map(Number).filter((amount) => amount > 0);
  const highest = Math.max(...amounts);
  return Number.isFinite(highest) ? highest : null;
}
