/** Whether a dated price applies now, will apply, or has been replaced. */
export type Validity = "now" | "later" | "over";

/**
 * Dated prices with whether each applies on a UTC day, in the order of the list. Of those with the same key, the one with the
 * latest day that is not in the future applies.
 */
export function withValidity<Price extends { validFrom: string }>(
  prices: readonly Price[],
  keyOf: (price: Price) => string,
  today: string,
): (Price & { validity: Validity })[] {
  const current = new Map<string, string>();
  for (const price of prices) {
    const known = current.get(keyOf(price));
    if (price.validFrom <= today && (known === undefined || price.validFrom > known)) {
      current.set(keyOf(price), price.validFrom);
    }
  }
  return prices.map((price) => {
    const validity = price.validFrom > today ? "later" : price.validFrom === current.get(keyOf(price)) ? "now" : "over";
    return { ...price, validity };
  });
}
