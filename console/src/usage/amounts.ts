import { money } from "../platform/money.ts";

/** Prices have at most five decimals: they are added as whole parts of that size, so that sums are exact. */
const PARTS = 100_000;

/** The exact sum of prices in one currency. */
export function sumOf(prices: Iterable<number>): number {
  let parts = 0;
  for (const price of prices) parts += Math.round(price * PARTS);
  return parts / PARTS;
}

const plain = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 5 });
const shortPlain = new Intl.NumberFormat(undefined, { notation: "compact", maximumSignificantDigits: 2 });

/** Writes amounts of a currency; null: estimates, in the currency of no bill yet. */
export function moneyOf(currency: string | null): (amount: number) => string {
  return currency === null ? (amount) => plain.format(amount) : (amount) => money(amount, currency);
}

/** The same where there is little room: `$0.05`, `$1.2K`. */
export function shortMoneyOf(currency: string | null): (amount: number) => string {
  if (currency === null) return (amount) => shortPlain.format(amount);
  try {
    const format = new Intl.NumberFormat(undefined, {
      style: "currency",
      currency,
      notation: "compact",
      maximumSignificantDigits: 2,
    });
    return (amount) => format.format(amount);
  } catch {
    return (amount) => `${shortPlain.format(amount)} ${currency}`;
  }
}
