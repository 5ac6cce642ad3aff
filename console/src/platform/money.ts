/** The most decimals of a price: see `private.marked_up`. */
const DECIMALS = 5;

/**
 * An amount with the sign of its currency (ISO 4217), in the reader's locale, with as many decimals as it has.
 * @example money("1.15", "USD") // "$1.15"
 */
export function money(amount: number | string, currency: string): string {
  const value = Number(amount);
  const code = currency.toUpperCase();
  try {
    const usual = new Intl.NumberFormat(undefined, { style: "currency", currency: code }).resolvedOptions()
      .maximumFractionDigits ?? 2;
    const format = new Intl.NumberFormat(undefined, {
      style: "currency",
      currency: code,
      maximumFractionDigits: Math.max(usual, DECIMALS),
      minimumFractionDigits: usual,
    });
    return format.format(value);
  } catch {
    return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: DECIMALS }).format(value)} ${currency}`;
  }
}
