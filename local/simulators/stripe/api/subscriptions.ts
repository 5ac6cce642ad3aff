import type { Hono } from "hono";
import * as z from "zod";
import type { Books } from "../billing/books.ts";
import { type ItemChange, PRORATION_BEHAVIORS, quantityFor } from "../billing/items.ts";
import * as lifecycle from "../billing/lifecycle.ts";
import { PAYMENT_BEHAVIORS, startSubscription } from "../billing/start.ts";
import { invalidRequest, noSuch } from "../errors.ts";
import { type Subscription, SUBSCRIPTION_STATUSES } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { billingMode, flag, ignored, metadata, parameters, parse, text, timeRange, whole } from "./form.ts";
import { mergeMetadata } from "../objects/metadata.ts";
import { expectKnown, inRange, listPage, PAGING } from "./lists.ts";
import { expectClearable } from "./subscription-items.ts";

const ListSubscriptions = parameters({
  ...PAGING,
  customer: text.optional(),
  price: text.optional(),
  status: z.enum([...SUBSCRIPTION_STATUSES, "all", "ended"]).optional(),
  created: timeRange.optional(),
});
const PauseCollection = z.strictObject({
  behavior: z.enum(["keep_as_draft", "mark_uncollectible", "void"]),
  resumes_at: whole.optional(),
});
const UpdateSubscription = parameters({
  cancel_at_period_end: flag.optional(),
  cancel_at: z.union([whole, z.literal("")]).optional(),
  pause_collection: z.union([PauseCollection, z.literal("")]).optional(),
  items: z.array(z.strictObject({
    id: text.optional(),
    price: text.optional(),
    quantity: whole.optional(),
    metadata: z.union([metadata, z.literal("")]).optional(),
    deleted: flag.optional(),
    clear_usage: flag.optional(),
  })).min(1).optional(),
  metadata: z.union([metadata, z.literal("")]).optional(),
  description: z.string().optional(),
  default_payment_method: text.optional(),
  trial_end: z.literal("now").optional(),
  proration_behavior: z.enum(PRORATION_BEHAVIORS).optional(),
  proration_date: ignored,
  payment_behavior: ignored,
  billing_cycle_anchor: z.enum(["now", "unchanged"]).optional(),
  cancellation_details: ignored,
  off_session: ignored,
});
const CreateSubscription = parameters({
  customer: text,
  items: z.array(z.strictObject({ price: text, quantity: whole.optional(), metadata: metadata.optional() }))
    .min(1),
  metadata: metadata.optional(),
  description: z.string().optional(),
  default_payment_method: text.optional(),
  payment_behavior: z.enum(PAYMENT_BEHAVIORS).optional(),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  days_until_due: whole.optional(),
  trial_period_days: whole.refine((days) => days >= 0 && days <= 730, "must be between 0 and 730").optional(),
  trial_end: z.union([whole, z.literal("now")]).optional(),
  cancel_at_period_end: flag.optional(),
  cancel_at: whole.optional(),
  automatic_tax: ignored,
  billing_mode: billingMode.optional(),
  off_session: ignored,
  payment_settings: ignored,
  proration_behavior: ignored,
  trial_settings: ignored,
});
const CancelSubscription = parameters({
  invoice_now: flag.optional(),
  prorate: flag.optional(),
  cancellation_details: ignored,
});
const PauseSubscription = parameters({
  type: z.literal("subscription").optional(),
  bill_for: ignored,
  invoicing_behavior: ignored,
});
const ResumeSubscription = parameters({
  billing_cycle_anchor: ignored,
  payment_behavior: ignored,
  proration_behavior: ignored,
  proration_date: ignored,
});
const NoParameters = parameters({});

/** Subscriptions: create, list, retrieve, update, cancel, pause, resume. */
export function subscriptionRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  app.post("/v1/subscriptions", (c) => {
    const books = booksOf(simulator, c);
    const subscription = createSubscription(books, parse(CreateSubscription, c.get("params")));
    return reply(simulator, c, subscription);
  });

  app.get("/v1/subscriptions", (c) => {
    const filter = parse(ListSubscriptions, c.get("params"));
    expectKnown(simulator, filter);
    if (filter.price !== undefined && !simulator.records.prices.has(filter.price)) {
      throw noSuch("price", filter.price, "price");
    }
    const matches = (subscription: Subscription) =>
      (filter.customer === undefined || subscription.customer === filter.customer) &&
      (filter.price === undefined || subscription.items.data.some(({ price }) => price.id === filter.price)) &&
      hasStatus(subscription, filter.status) &&
      inRange(subscription.created, filter.created);
    return reply(
      simulator,
      c,
      listPage(simulator.records.subscriptions.values(), matches, filter, "/v1/subscriptions"),
    );
  });

  app.get("/v1/subscriptions/:id", (c) => {
    parse(NoParameters, c.get("params"));
    return reply(simulator, c, booksOf(simulator, c).subscription(c.req.param("id")));
  });

  app.post("/v1/subscriptions/:id", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(UpdateSubscription, c.get("params"));
    const subscription = books.subscription(c.req.param("id"));
    applyUpdate(books, subscription, input);
    return reply(simulator, c, subscription);
  });

  app.delete("/v1/subscriptions/:id", (c) => {
    const { invoice_now: invoiceNow, prorate } = parse(CancelSubscription, c.get("params"));
    const books = booksOf(simulator, c);
    const subscription = books.subscription(c.req.param("id"));
    if (lifecycle.hasEnded(subscription)) throw noSuch("subscription", subscription.id);
    lifecycle.end(books, subscription, { invoiceNow, prorate });
    return reply(simulator, c, subscription);
  });

  app.post("/v1/subscriptions/:id/pause", (c) => {
    parse(PauseSubscription, c.get("params"));
    const books = booksOf(simulator, c);
    const subscription = books.subscription(c.req.param("id"));
    if (!["active", "trialing", "past_due"].includes(subscription.status)) {
      throw invalidRequest(`This subscription cannot be paused because its status is ${subscription.status}.`);
    }
    lifecycle.pause(books, subscription);
    return reply(simulator, c, subscription);
  });

  app.post("/v1/subscriptions/:id/resume", (c) => {
    parse(ResumeSubscription, c.get("params"));
    const books = booksOf(simulator, c);
    const subscription = books.subscription(c.req.param("id"));
    lifecycle.resume(books, subscription);
    return reply(simulator, c, subscription);
  });
}

/** Without a status filter, all but canceled subscriptions are listed. `ended` means canceled or incomplete_expired. */
function hasStatus(subscription: Subscription, wanted: string | undefined): boolean {
  if (wanted === undefined) return subscription.status !== "canceled";
  if (wanted === "all") return true;
  if (wanted === "ended") return lifecycle.hasEnded(subscription);
  return subscription.status === wanted;
}

function createSubscription(books: Books, input: z.output<typeof CreateSubscription>): Subscription {
  const { collection_method: collection = "charge_automatically", days_until_due: daysUntilDue } = input;
  if (input.trial_end !== undefined && input.trial_period_days !== undefined) {
    throw invalidRequest("You may only specify one of these parameters: trial_end, trial_period_days.", "trial_end");
  }
  if (input.cancel_at !== undefined && input.cancel_at_period_end === true) {
    throw invalidRequest("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at");
  }
  const now = books.now();
  if (typeof input.trial_end === "number" && input.trial_end <= now) {
    throw invalidRequest("The time of the end of the trial must be in the future.", "trial_end");
  }
  if (input.cancel_at !== undefined && input.cancel_at <= now) {
    throw invalidRequest("The time of the cancellation must be in the future.", "cancel_at");
  }
  if (collection === "send_invoice" && daysUntilDue === undefined) {
    throw invalidRequest(
      "If `collection_method` is set to `send_invoice`, `days_until_due` is required.",
      "days_until_due",
    );
  }
  if (collection === "charge_automatically" && daysUntilDue !== undefined) {
    throw invalidRequest("You can only pass in `days_until_due` if you're sending an invoice.", "days_until_due");
  }
  const trialDays = input.trial_period_days ?? 0;
  const subscription = startSubscription(books, {
    customer: books.customer(input.customer, "customer"),
    items: input.items.map(({ price: id, quantity, metadata: given }, index) => {
      const price = books.price(id, `items[${index}][price]`);
      return { price, quantity: quantityFor(price, quantity, `items[${index}][quantity]`), metadata: given };
    }),
    billingMode: input.billing_mode?.type ?? "flexible",
    paymentMethod: input.default_payment_method ?? null,
    paymentBehavior: input.payment_behavior ?? "allow_incomplete",
    daysUntilDue: daysUntilDue ?? null,
    trialEnd: typeof input.trial_end === "number" ? input.trial_end : trialDays > 0 ? now + trialDays * 86_400 : null,
    metadata: input.metadata ?? {},
    description: input.description || null,
  });
  if (input.cancel_at_period_end) lifecycle.setCancelAtPeriodEnd(books, subscription, true);
  if (input.cancel_at !== undefined) lifecycle.setCancelAt(books, subscription, input.cancel_at);
  return subscription;
}

function applyUpdate(books: Books, subscription: Subscription, input: z.output<typeof UpdateSubscription>): void {
  const { metadata: metadataChange, expand: _, ...rest } = input;
  const changesMore = Object.values(rest).some((value) => value !== undefined);
  if (lifecycle.hasEnded(subscription) && changesMore) {
    throw invalidRequest("A canceled subscription can only update its cancellation_details and metadata.");
  }
  if (input.trial_end === "now" && subscription.status !== "trialing") {
    throw invalidRequest("This subscription is not trialing, so its trial cannot be ended.", "trial_end");
  }
  if (input.cancel_at !== undefined && input.cancel_at_period_end !== undefined) {
    throw invalidRequest("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at");
  }
  if (typeof input.cancel_at === "number" && input.cancel_at <= books.now()) {
    throw invalidRequest("The time of the cancellation must be in the future.", "cancel_at");
  }
  const changes = (input.items ?? []).map((item, index): ItemChange => {
    const current = subscription.items.data.find(({ id }) => id === item.id);
    if (item.id !== undefined && current === undefined) {
      const message = `Cannot find the item: set the id of one of the subscription's items in items[${index}][id]`;
      throw invalidRequest(message, `items[${index}][id]`);
    }
    if (current) expectClearable(current, item.clear_usage, `items[${index}][clear_usage]`);
    return {
      id: item.id,
      price: item.price === undefined ? undefined : books.price(item.price, `items[${index}][price]`),
      quantity: item.quantity,
      metadata: item.metadata === undefined ? undefined : mergeMetadata(current?.metadata ?? {}, item.metadata),
      deleted: item.deleted,
    };
  });
  if (changes.length > 0) lifecycle.changeItemsOf(books, subscription, changes, input.proration_behavior);
  lifecycle.update(books, subscription, (changed) => {
    changed.metadata = mergeMetadata(changed.metadata, metadataChange);
    if (input.description !== undefined) changed.description = input.description || null;
    if (input.default_payment_method !== undefined) changed.default_payment_method = input.default_payment_method;
    if (input.pause_collection === "") changed.pause_collection = null;
    else if (input.pause_collection) {
      const { behavior, resumes_at } = input.pause_collection;
      changed.pause_collection = { behavior, resumes_at: resumes_at ?? null };
    }
  });
  if (input.cancel_at_period_end !== undefined) {
    lifecycle.setCancelAtPeriodEnd(books, subscription, input.cancel_at_period_end);
  }
  if (input.cancel_at !== undefined) lifecycle.setCancelAt(books, subscription, input.cancel_at || null);
  if (input.trial_end === "now") lifecycle.endTrial(books, subscription);
  else if (input.billing_cycle_anchor === "now") lifecycle.restartPeriod(books, subscription);
}
