/** What the server looks for: a number is written without its punctuation, and with its plus sign. */
export function tenantSearch(typed: string): string {
  const text = typed.trim();
  const digits = text.replaceAll(/[\s().-]/g, "");
  // Without the plus sign, fewer digits may lack the country.
  return /^(\+\d{4,15}|\d{11,15})$/.test(digits) ? `+${digits.replace("+", "")}` : text;
}
