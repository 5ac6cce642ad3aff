import { decimalsOf, money } from "../platform/money.ts";

/** Prices have at most five decimals: they are added as whole parts of that size, so that sums are exact. */
const PARTS = 100_000;

/** The exact sum of prices in one currency. */
export function sumOf(prices: Iterable<number>): number {
  let parts = 0;
  for (const price of prices) parts += Math.round(price * PARTS);
  return parts / PARTS;
}

const plain = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 5 });

/** Writes amounts of a currency; null: estimates, in the currency of no bill yet. */
export function moneyOf(currency: string | null): (amount: number) => string {
  return currency === null ? (amount) => plain.format(amount) : (amount) => money(amount, currency);
}

/**
 * The same for a headline: amounts of one and more without parts of a cent. They are left out, not rounded, so that the
 * digits are those of the exact amount, and what is not reached is not shown as reached.
 */
export function roundMoneyOf(currency: string | null): (amount: number) => string {
  const write = moneyOf(currency);
  const units = 10 ** (currency === null ? 2 : decimalsOf(currency));
  const cut = (amount: number) => Math.trunc(Math.round(amount * PARTS) / (PARTS / units)) / units;
  return (amount) => write(Math.abs(amount) < 1 ? amount : cut(amount));
}

/** The same where there is little room, such as beside bars: `$0`, `$0.70`, `$1,050`, `$12.5K`. */
export function shortMoneyOf(currency: string | null): (amount: number) => string {
  const write = moneyOf(currency);
  return (amount) => {
    if (Math.abs(amount) < 10_000) {
      // The decimals of whole amounts say nothing.
      return Number.isInteger(amount) ? write(amount).replace(/[.,]00(?!\d)/, "") : write(amount);
    }
    return write(0).replace(/0(?:[.,]0+)?/, compact.format(amount));
  };
}

const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
