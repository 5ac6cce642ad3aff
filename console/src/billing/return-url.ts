/** The outcome of a checkout, in the console's own URL. */
const PARAMETER = "checkout";
export type CheckoutOutcome = "paid" | "canceled";

/**
 * Returns the URL of the overview, to which Stripe's pages lead back. The query is before the hash, which has the console's
 * routes.
 */
export function overviewUrl({ origin, pathname }: Pick<URL, "origin" | "pathname">, outcome?: CheckoutOutcome): string {
  const query = outcome === undefined ? "" : `?${PARAMETER}=${outcome}`;
  return `${origin}${pathname}${query}#/`;
}

/** Returns the outcome in a URL, and the URL without it. */
export function outcomeIn(href: string): { outcome: CheckoutOutcome | null; href: string } {
  const url = new URL(href);
  const outcome = url.searchParams.get(PARAMETER);
  url.searchParams.delete(PARAMETER);
  return { outcome: outcome === "paid" || outcome === "canceled" ? outcome : null, href: url.href };
}
