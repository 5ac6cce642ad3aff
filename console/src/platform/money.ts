/** The most decimals of a price: see `private.marked_up`. */
const DECIMALS = 5;

/** How many decimals amounts of a currency (ISO 4217) usually have, such as 2, or 0 for yen. */
export function decimalsOf(currency: string): number {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).resolvedOptions().maximumFractionDigits ??
      2;
  } catch {
    return 2;
  }
}

/**
 * An amount with the sign of its currency (ISO 4217), in the reader's locale, with as many decimals as it has, up to `most`.
 * @example money("1.15", "USD") // "$1.15"
 */
export function money(amount: number | string, currency: string, most = DECIMALS): string {
  const value = Number(amount);
  const code = currency.toUpperCase();
  const usual = decimalsOf(code);
  try {
    const format = new Intl.NumberFormat(undefined, {
      style: "currency",
      currency: code,
      maximumFractionDigits: Math.max(usual, most),
      minimumFractionDigits: usual,
    });
    return format.format(value);
  } catch {
    return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: most }).format(value)} ${currency}`;
  }
}
