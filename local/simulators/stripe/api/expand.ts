import { buildCheckoutLine } from "../objects/checkout-session.ts";
import { shortenLists } from "../objects/embedded-lists.ts";
import { objectInOldShape } from "../objects/old-shape.ts";
import type { CheckoutSession } from "../objects/shapes.ts";
import type { Records } from "../records.ts";

type Node = Record<string, unknown>;

/**
 * Returns a copy of `response` in which the references at each path (`latest_invoice`, `data.customer`, `line_items` …)
 * are replaced by their objects. Ignores references to objects that the simulator does not have.
 *
 * @param old whether the response has the shape of 2024
 */
export function expand(records: Records, response: object, paths: string[], old = false): object {
  const copy = structuredClone(response);
  shortenLists(copy);
  const shaped = shapedFor(old, copy) as object;
  for (const path of paths) follow(records, shaped, path.split("."), old);
  return shaped;
}

const shapedFor = (old: boolean, value: unknown): unknown => old ? objectInOldShape(value) : value;

function follow(records: Records, node: unknown, [field, ...rest]: string[], old: boolean): void {
  if (Array.isArray(node)) {
    for (const each of node) follow(records, each, [field!, ...rest], old);
    return;
  }
  if (field === undefined || typeof node !== "object" || node === null) return;
  const holder = node as Node;
  if (typeof holder[field] === "string") holder[field] = shapedFor(old, referenced(records, holder[field]));
  if (field === "line_items" && holder.object === "checkout.session") {
    holder.line_items = shapedFor(old, lineItems(records, node as CheckoutSession));
  }
  follow(records, holder[field], rest, old);
}

function referenced(records: Records, id: string): unknown {
  const { customers, subscriptions, invoices, products, prices, balanceTransactions } = records;
  for (const kind of [customers, subscriptions, invoices, products, prices, balanceTransactions]) {
    const object = kind.get(id);
    if (object === undefined) continue;
    const copy = structuredClone(object);
    shortenLists(copy);
    return copy;
  }
  return id;
}

/** Returns the `line_items` list of a session. */
export function lineItems(records: Records, session: Pick<CheckoutSession, "id">): object {
  const offer = records.offers.get(session.id);
  const data = (offer?.lines ?? []).flatMap(({ price: id, quantity }) => {
    const price = records.prices.get(id);
    if (offer === undefined || price === undefined) return [];
    const name = records.products.get(price.product)?.name ?? price.id;
    return [buildCheckoutLine({ price, quantity }, name, offer.trialDays > 0)];
  });
  return { object: "list", data, has_more: false, url: `/v1/checkout/sessions/${session.id}/line_items` };
}
