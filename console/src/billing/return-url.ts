/** Why Stripe's page led back here, in the console's own URL. */
const PARAMETER = "checkout";
/** `paid` and `canceled` end a checkout. `managed`: the billing portal was open. */
export type CheckoutOutcome = (typeof OUTCOMES)[number];
const OUTCOMES = ["paid", "canceled", "managed"] as const;

/**
 * Returns the URL of the overview, to which Stripe's pages lead back. The query is before the hash, which has the console's
 * routes.
 */
export function overviewUrl({ origin, pathname }: Pick<URL, "origin" | "pathname">, outcome: CheckoutOutcome): string {
  return `${origin}${pathname}?${PARAMETER}=${outcome}#/`;
}

/** Returns the outcome in a URL, and the URL without it. */
export function outcomeIn(href: string): { outcome: CheckoutOutcome | null; href: string } {
  const url = new URL(href);
  const found = url.searchParams.get(PARAMETER);
  url.searchParams.delete(PARAMETER);
  return { outcome: OUTCOMES.find((outcome) => outcome === found) ?? null, href: url.href };
}
