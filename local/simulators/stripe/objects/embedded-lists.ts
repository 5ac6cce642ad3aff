import type { StripeList } from "./shapes.ts";

/** As on Stripe, an object contains only the first entries of its lists. The others are on further pages. */
const EMBEDDED = { subscription: ["items", 20], invoice: ["lines", 10], credit_note: ["lines", 10] } as const;

/** Shortens the lists of an object, or of the objects in a list, in place. */
export function shortenLists(response: object): void {
  const { object, data } = response as { object?: string; data?: object[] };
  if (object === "list") data?.forEach(shortenLists);
  if (object === undefined || !Object.hasOwn(EMBEDDED, object)) return;
  const [field, most] = EMBEDDED[object as keyof typeof EMBEDDED];
  const list = (response as Record<string, unknown>)[field] as StripeList<unknown>;
  if (list.data.length <= most) return;
  list.data = list.data.slice(0, most);
  list.has_more = true;
}
