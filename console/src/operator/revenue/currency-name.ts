const names = new Intl.DisplayNames(undefined, { type: "currency" });

/** `US Dollar (USD)`, in the reader's language. */
export function currencyName(currency: string): string {
  const code = currency.toUpperCase();
  try {
    const name = names.of(code);
    return name === undefined || name === code ? code : `${name} (${code})`;
  } catch {
    return code;
  }
}
