import type { Hono } from "hono";
import * as z from "zod";
import type { Books } from "../billing/books.ts";
import { PRORATION_BEHAVIORS } from "../billing/items.ts";
import * as lifecycle from "../billing/lifecycle.ts";
import { invalidRequest, noSuch } from "../errors.ts";
import { isMetered } from "../objects/catalogue.ts";
import type { Subscription, SubscriptionItem } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { flag, ignored, metadata, parameters, parse, text, whole } from "./form.ts";
import { mergeMetadata } from "../objects/metadata.ts";
import { listPage, PAGING } from "./lists.ts";

const PRORATION = { proration_behavior: z.enum(PRORATION_BEHAVIORS).optional(), proration_date: ignored };
const AddItem = parameters({
  ...PRORATION,
  subscription: text,
  price: text,
  quantity: whole.optional(),
  metadata: metadata.optional(),
  payment_behavior: ignored,
});
const UpdateItem = parameters({
  ...PRORATION,
  price: text.optional(),
  quantity: whole.optional(),
  metadata: z.union([metadata, z.literal("")]).optional(),
  payment_behavior: ignored,
  off_session: ignored,
});
const DeleteItem = parameters({ ...PRORATION, clear_usage: flag.optional(), payment_behavior: ignored });
const ListItems = parameters({ ...PAGING, subscription: text });

/** The items of subscriptions: create, retrieve, update, delete, list. */
export function subscriptionItemRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  app.post("/v1/subscription_items", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(AddItem, c.get("params"));
    const subscription = runningSubscription(books, input.subscription);
    const change = {
      price: books.price(input.price, "price"),
      quantity: input.quantity,
      metadata: mergeMetadata({}, input.metadata),
    };
    const { added } = lifecycle.changeItemsOf(books, subscription, [change], input.proration_behavior);
    return reply(simulator, c, added[0]!);
  });

  app.get("/v1/subscription_items", (c) => {
    const filter = parse(ListItems, c.get("params"));
    const { items } = booksOf(simulator, c).subscription(filter.subscription, "subscription");
    // Unlike other lists, this one is in the order of creation.
    const newestFirst = items.data.toReversed();
    return reply(simulator, c, listPage(newestFirst, () => true, filter, items.url));
  });

  app.get("/v1/subscription_items/:id", (c) => {
    parse(parameters({}), c.get("params"));
    return reply(simulator, c, find(booksOf(simulator, c), c.req.param("id")).item);
  });

  app.post("/v1/subscription_items/:id", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(UpdateItem, c.get("params"));
    const { item, subscription } = find(books, c.req.param("id"));
    runningSubscription(books, subscription.id);
    const change = {
      id: item.id,
      price: input.price === undefined ? undefined : books.price(input.price, "price"),
      quantity: input.quantity,
      metadata: mergeMetadata(item.metadata, input.metadata),
    };
    lifecycle.changeItemsOf(books, subscription, [change], input.proration_behavior);
    return reply(simulator, c, item);
  });

  app.delete("/v1/subscription_items/:id", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(DeleteItem, c.get("params"));
    const { item, subscription } = find(books, c.req.param("id"));
    runningSubscription(books, subscription.id);
    expectClearable(item, input.clear_usage, "clear_usage");
    lifecycle.changeItemsOf(books, subscription, [{ id: item.id, deleted: true }], input.proration_behavior);
    return reply(simulator, c, { id: item.id, object: "subscription_item", deleted: true });
  });
}

/**
 * "Allowed only when the current plan's usage_type is metered", and "has no effect if the plan has a billing meter attached", as
 * every metered price has.
 */
export function expectClearable(item: SubscriptionItem, clears: boolean | undefined, param: string): void {
  if (!clears || isMetered(item.price)) return;
  throw invalidRequest("`clear_usage` can only be passed for an item whose plan's usage_type is metered.", param);
}

/** @throws StripeApiError if the subscription does not exist or has ended */
function runningSubscription(books: Books, id: string): Subscription {
  const subscription = books.subscription(id, "subscription");
  if (lifecycle.hasEnded(subscription)) throw noSuch("subscription", id, "subscription");
  return subscription;
}

function find(books: Books, id: string): { item: SubscriptionItem; subscription: Subscription } {
  for (const subscription of books.records.subscriptions.values()) {
    const item = subscription.items.data.find((each) => each.id === id);
    if (item !== undefined) return { item, subscription };
  }
  throw noSuch("subscription_item", id);
}
