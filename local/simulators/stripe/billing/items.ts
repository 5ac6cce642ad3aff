import { invalidRequest } from "../errors.ts";
import { isMetered, planOf } from "../objects/catalogue.ts";
import { isNegative, minus, plainDecimal } from "../objects/amounts.ts";
import { buildItem } from "../objects/subscription.ts";
import type { InvoiceItem, Metadata, Price, Subscription, SubscriptionItem } from "../objects/shapes.ts";
import { accountOf } from "./account.ts";
import type { Books } from "./books.ts";
import { addInvoiceItem } from "./invoice-items.ts";
import { countedUsage, openUsageOf } from "./usage.ts";

export const PRORATION_BEHAVIORS = ["always_invoice", "create_prorations", "none"] as const;
export type ProrationBehavior = (typeof PRORATION_BEHAVIORS)[number];

/** A change of one item. Without an id it is a new one. */
export interface ItemChange {
  id?: string | undefined;
  price?: Price | undefined;
  quantity?: number | undefined;
  metadata?: Metadata | undefined;
  deleted?: boolean | undefined;
}

/** Refuses prices that one subscription cannot have together. @throws StripeApiError */
export function expectOneCycle({ records }: Pick<Books, "records">, prices: readonly Price[]): void {
  const [first, ...others] = prices;
  if (first === undefined) throw invalidRequest("A subscription must have at least one active price.", "items");
  const { mostItems } = accountOf(records);
  if (prices.length > mostItems) {
    throw invalidRequest(`A subscription can have at most ${mostItems} items.`, "items", "too_many_items");
  }
  for (const price of others) {
    if (price.currency !== first.currency) {
      throw invalidRequest("All prices of a subscription must have the same currency.", "items");
    }
    const [one, other] = [first.recurring, price.recurring];
    if (one.interval !== other.interval || one.interval_count !== other.interval_count) {
      throw invalidRequest(
        "Currently, all prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`.",
        "items",
      );
    }
  }
  const metered = prices.filter(isMetered).map(({ id }) => id);
  const twice = metered.find((id, index) => metered.indexOf(id) !== index);
  if (twice !== undefined) {
    throw invalidRequest(`Cannot add multiple subscription items with the same plan: ${twice}`, "items");
  }
}

/** Returns the quantity of a new item: one unless given, and none for a metered price. @throws StripeApiError */
export function quantityFor(price: Price, quantity: number | undefined, param: string): number | null {
  if (!isMetered(price)) return quantity ?? 1;
  if (quantity === undefined) return null;
  throw invalidRequest(
    `Quantity should not be specified where usage_type is \`metered\`. Remove quantity from \`${param}\``,
    param,
  );
}

/**
 * Changes the items of a subscription, all or none, and emits `customer.subscription.updated`. A flat price is changed without
 * prorations. Returns the new items and the pending invoice items for usage.
 */
export function changeItems(
  books: Books,
  subscription: Subscription,
  changes: readonly ItemChange[],
  behavior: ProrationBehavior,
): { added: SubscriptionItem[]; usageItems: InvoiceItem[] } {
  const { data } = subscription.items;
  const byId = new Map(changes.map((change) => [change.id, change]));
  const kept = data.filter(({ id }) => !byId.get(id)?.deleted);
  const news = changes.filter(({ id }) => id === undefined);
  expectOneCycle(books, [...kept.map((item) => byId.get(item.id)?.price ?? item.price), ...news.map(priceOfNew)]);
  const quantities = new Map(changes.map((change, index) => {
    const current = data.find(({ id }) => id === change.id);
    const price = change.price ?? current?.price ?? priceOfNew(change);
    const given = change.quantity ?? (isMetered(price) ? undefined : current?.quantity);
    return [change, change.deleted ? null : quantityFor(price, given, `items[${index}][quantity]`)];
  }));
  const added: SubscriptionItem[] = [];
  const usageItems: InvoiceItem[] = [];
  const { current_period_start: start, current_period_end: end } = data[0]!;
  books.change("customer.subscription.updated", subscription, (changed) => {
    for (const change of changes) {
      const quantity = quantities.get(change) ?? null;
      const item = changed.items.data.find(({ id }) => id === change.id);
      if (item === undefined) {
        const offered = { price: priceOfNew(change), quantity, metadata: change.metadata };
        const made = buildItem(changed.id, offered, { period: { start, end }, created: books.now() });
        changed.items.data.push(made);
        added.push(made);
        countFromNow(books, made);
        continue;
      }
      if (change.metadata !== undefined) item.metadata = change.metadata;
      if (change.deleted) {
        usageItems.push(...settleUsage(books, changed, item, behavior));
        books.records.metering.delete(item.id);
        changed.items.data.splice(changed.items.data.indexOf(item), 1);
      } else if (change.price !== undefined && change.price.id !== item.price.id) {
        usageItems.push(...changePriceOf(books, changed, item, change.price, behavior));
      }
      if (quantity !== null) item.quantity = quantity;
      else delete item.quantity;
    }
  });
  return { added, usageItems };
}

function priceOfNew({ price }: ItemChange): Price {
  if (price === undefined) {
    throw invalidRequest("Missing required param: items[price].", "items[price]", "parameter_missing");
  }
  return price;
}

function changePriceOf(
  books: Books,
  subscription: Subscription,
  item: SubscriptionItem,
  price: Price,
  behavior: ProrationBehavior,
): InvoiceItem[] {
  const before = item.price.recurring.meter;
  const usageItems = settleUsage(books, subscription, item, behavior);
  item.price = price;
  item.plan = planOf(price);
  // "Only usage reported after the price change is billed at the new price": in flexible mode, what was reported is settled.
  const goesOn = subscription.billing_mode.type === "flexible" && before !== null && before === price.recurring.meter;
  if (!goesOn) countFromNow(books, item);
  return usageItems;
}

/** "At the end of the month, the invoice includes usage from January 16 to January 31." */
function countFromNow(books: Books, item: SubscriptionItem): void {
  const { records } = books;
  records.metering.delete(item.id);
  if (isMetered(item.price)) records.metering.set(item.id, { id: item.id, from: books.now(), settled: "0" });
}

/**
 * Settles the usage of a metered item that is removed or gets another price. In flexible mode an invoice item bills what was
 * reported so far, unless there are to be no prorations. In classic mode no invoice has it.
 */
function settleUsage(
  books: Books,
  subscription: Subscription,
  item: SubscriptionItem,
  behavior: ProrationBehavior,
): InvoiceItem[] {
  if (!isMetered(item.price)) return [];
  const usage = openUsageOf(books.records, subscription, item);
  const counted = countedUsage(books.records, usage, books.now());
  const quantity = minus(counted, usage.settled);
  books.records.metering.set(item.id, { id: item.id, from: usage.from, settled: plainDecimal(counted) });
  const isBilled = subscription.billing_mode.type === "flexible" && behavior !== "none" &&
    subscription.status !== "trialing" && !isNegative(quantity) && quantity !== "0";
  if (!isBilled) return [];
  return [addInvoiceItem(books, {
    customer: subscription.customer,
    currency: subscription.currency,
    unitAmount: usage.unitAmount,
    quantity,
    price: { id: item.price.id, product: item.price.product },
    subscription: { id: subscription.id, item: item.id },
    invoice: null,
    description: `${quantity} × ${usage.name}`,
    period: { start: usage.from, end: books.now() },
    proration: false,
    discountable: true,
    metadata: {},
  })];
}
