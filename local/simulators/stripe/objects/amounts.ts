import { addDecimals, type Decimal, decimalText, parseDecimal } from "./decimal.ts";

function read(text: string): Decimal {
  const decimal = parseDecimal(text);
  if (decimal === null) throw new Error(`Cannot read "${text}" as a decimal number`);
  return decimal;
}

/** Returns the number without superfluous zeros: `1.50` is `1.5`. */
export function plainDecimal(text: string): string {
  return decimalText(read(text));
}

/** Returns `one` - `other`, exactly. */
export function minus(one: string, other: string): string {
  const { units, places } = read(other);
  return decimalText(addDecimals(read(one), { units: -units, places }));
}

export function isNegative(text: string): boolean {
  return read(text).units < 0n;
}

/** Returns the whole number that the text stands for, or null if it has a fraction. */
export function wholeOf(text: string): number | null {
  const plain = plainDecimal(text);
  return plain.includes(".") ? null : Number(plain);
}

/**
 * Returns the amount of a line in the smallest unit of the currency: quantity × unit amount, rounded half away from zero.
 */
export function amountOf(quantity: string, unitAmount: string): number {
  const [a, b] = [read(quantity), read(unitAmount)];
  const one = 10n ** BigInt(a.places + b.places);
  const product = a.units * b.units;
  const size = product < 0n ? -product : product;
  const rounded = (2n * size + one) / (2n * one);
  return Number(product < 0n ? -rounded : rounded);
}
