/** An exact decimal number: `units` divided by ten to the power of `places`. */
export interface Decimal {
  units: bigint;
  places: number;
}

/** Parses a text such as `-12.50`. Returns null for any other text, such as `1e3` or `+1`. */
export function parseDecimal(text: string): Decimal | null {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return null;
  const [whole, fraction = ""] = text.split(".") as [string, string?];
  return { units: BigInt(whole + fraction), places: fraction.length };
}

/** Returns the shortest text of a number, such as `-12.5`. */
export function decimalText({ units, places }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

export function addDecimals(one: Decimal, other: Decimal): Decimal {
  const places = Math.max(one.places, other.places);
  return { units: unitsAt(one, places) + unitsAt(other, places), places };
}

function unitsAt({ units, places }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - places);
}

/** Returns how many digits a text such as `-0.0120` has after its leading zeros: 3. */
export function significantDigits(text: string): number {
  return text.replace(/[-.]/g, "").replace(/^0+/, "").length;
}
