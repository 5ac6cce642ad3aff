import type { Revenue } from "../../../../client/switchboard.ts";
import { decimalsOf } from "../../platform/money.ts";

const AMOUNTS = ["revenue", "billed", "unbilled", "lost", "cost", "margin"] as const;

/** Amounts of usage in one currency. */
export type Sums = Pick<Revenue, (typeof AMOUNTS)[number]>;

export interface MonthSums extends Sums {
  month: string;
}

/** A currency with its months, the oldest first, and their sum. */
export interface CurrencySums {
  /** Upper case. */
  currency: string;
  months: MonthSums[];
  total: Sums;
}

const NONE: Sums = { revenue: 0, billed: 0, unbilled: 0, lost: 0, cost: 0, margin: 0 };

/** The decimals of the functions' amounts. Sums of fractions in binary have errors far below them. */
const EXACT = 10;

function rounded(value: number, decimals: number): number {
  // Without a negative zero, which would be written with a sign.
  return Number(value.toFixed(decimals)) + 0;
}

/** Adds up amounts of one currency. */
export function sumOf(rows: readonly Sums[]): Sums {
  const sums = { ...NONE };
  for (const row of rows) for (const name of AMOUNTS) sums[name] += row[name];
  for (const name of AMOUNTS) sums[name] = rounded(sums[name], EXACT);
  return sums;
}

/** Rows by currency: amounts of two currencies are never added. Months without usage are zero. */
export function byCurrency(
  rows: readonly (Sums & { month: string; currency: string })[],
  months: readonly string[],
): CurrencySums[] {
  const currencies = [...new Set(rows.map(({ currency }) => currency))].sort();
  return currencies.map((currency) => {
    const own = rows.filter((row) => row.currency === currency);
    return {
      currency: currency.toUpperCase(),
      months: months.map((month) => ({ month, ...sumOf(own.filter((row) => row.month === month)) })),
      total: sumOf(own.filter(({ month }) => months.includes(month))),
    };
  });
}

/** The part of the revenue that is left, as a fraction; null without revenue. */
export function marginRate({ revenue, margin }: Pick<Sums, "revenue" | "margin">): number | null {
  return revenue > 0 ? margin / revenue : null;
}

/** From this amount on, fractions of the smallest coin are left out. */
const LARGE = 10;
const FINE_DECIMALS = 5;

/** The decimals with which a table writes its amounts: all alike, and fewer where the amounts are large. */
export function decimalsFor(rows: readonly Sums[], currency: string): number {
  const largest = Math.max(0, ...rows.flatMap((row) => AMOUNTS.map((name) => Math.abs(row[name]))));
  return largest >= LARGE ? decimalsOf(currency) : FINE_DECIMALS;
}

/** Amounts as they are written. The margin is what the written revenue and cost leave, so that each line adds up. */
export function written(sums: Sums, decimals: number): Sums {
  const fixed = Object.fromEntries(AMOUNTS.map((name) => [name, rounded(sums[name], decimals)])) as unknown as Sums;
  return { ...fixed, margin: rounded(fixed.revenue - fixed.cost, decimals) };
}
