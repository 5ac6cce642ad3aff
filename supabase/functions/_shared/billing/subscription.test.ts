import assert from "node:assert/strict";
import type Stripe from "stripe";
import { pricesOf, readSubscription } from "./subscription.ts";

const ADA = "3f2e0000-0000-4000-8000-000000000001";
const JANUARY = 1_767_225_600;

function subscription(fields: Record<string, unknown> = {}): Stripe.Subscription {
  const given = {
    id: "sub_1",
    customer: "cus_1",
    metadata: {},
    status: "active",
    pause_collection: null,
    latest_invoice: null,
    cancel_at: null,
    canceled_at: null,
    ended_at: null,
    created: JANUARY,
    items: { data: [], has_more: false },
    ...fields,
  };
  return given as unknown as Stripe.Subscription;
}

const item = (id: string, lookupKey: string | null) => ({
  id: `si_${id}`,
  created: JANUARY,
  price: {
    id,
    lookup_key: lookupKey,
    currency: "usd",
    unit_amount_decimal: lookupKey === null ? "0.01" : "1500",
    recurring: {
      meter: lookupKey === null ? "mtr_1" : null,
      usage_type: "metered",
      interval: "month",
      interval_count: 1,
    },
  },
  current_period_start: JANUARY,
  current_period_end: JANUARY + 86_400,
});

Deno.test("readSubscription reports no end for a subscription that is canceled at a later time", () => {
  const canceling = subscription({ cancel_at: JANUARY + 86_400, canceled_at: JANUARY });
  const { endedAt, cancelAt } = readSubscription(canceling);
  assert.deepEqual([endedAt, cancelAt], [null, "2026-01-02T00:00:00.000Z"]);
});

Deno.test("readSubscription reports the end of a subscription that is over, also when Stripe gives only canceled_at", () => {
  const endOf = (fields: Record<string, unknown>) => readSubscription(subscription(fields)).endedAt;
  assert.equal(
    endOf({ status: "canceled", canceled_at: JANUARY, ended_at: JANUARY + 86_400 }),
    "2026-01-02T00:00:00.000Z",
  );
  assert.equal(endOf({ status: "incomplete_expired", canceled_at: JANUARY }), "2026-01-01T00:00:00.000Z");
});

Deno.test("readSubscription reads the user of the subscription's own metadata in lower case, and ignores other text", () => {
  const named = (user_id: string) => readSubscription(subscription({ metadata: { user_id } })).namedUserId;
  assert.deepEqual([named(ADA.toUpperCase()), named("ada")], [ADA, null]);
});

const INVOICES: [title: string, invoice: Record<string, unknown> | null, pending: boolean | null][] = [
  ["no invoice", null, null],
  ["a first invoice that is open", { billing_reason: "subscription_create", status: "open", amount_paid: 0 }, true],
  ["a first invoice that was voided", { billing_reason: "subscription_create", status: "void", amount_paid: 0 }, true],
  ["a first invoice that is paid", { billing_reason: "subscription_create", status: "paid", amount_paid: 1500 }, false],
  ["a first invoice of zero", { billing_reason: "subscription_create", status: "paid", amount_paid: 0 }, false],
  ["a renewal that is open", { billing_reason: "subscription_cycle", status: "open", amount_paid: 0 }, null],
  ["a renewal that is paid", { billing_reason: "subscription_cycle", status: "paid", amount_paid: 1500 }, false],
  ["a change of plan without a payment", {
    billing_reason: "subscription_update",
    status: "paid",
    amount_paid: 0,
  }, null],
];

for (const [title, invoice, pending] of INVOICES) {
  Deno.test(`readSubscription with ${title} reports ${pending} for the first payment`, () => {
    assert.equal(readSubscription(subscription({ latest_invoice: invoice })).firstPaymentPending, pending);
  });
}

Deno.test("readSubscription throws for a latest invoice that was not expanded", () => {
  assert.throws(() => readSubscription(subscription({ latest_invoice: "in_1" })), {
    message: 'Cannot read the payment of invoice "in_1": it is not expanded',
  });
});

Deno.test("pricesOf returns the price and the period of every item, without a call when Stripe sent them all", async () => {
  const items = { data: [item("price_1", null), item("price_2", "team")], has_more: false };
  const period = { periodStart: "2026-01-01T00:00:00.000Z", periodEnd: "2026-01-02T00:00:00.000Z" };
  const createdAt = "2026-01-01T00:00:00.000Z";
  assert.deepEqual(await pricesOf(subscription({ items }), null as unknown as Stripe), [
    { id: "price_1", lookupKey: null, meter: "mtr_1", itemId: "si_price_1", createdAt, ...period },
    { id: "price_2", lookupKey: "team", meter: null, itemId: "si_price_2", createdAt, ...period },
  ]);
});

Deno.test("pricesOf reads the list of items when Stripe sent only the first of them", async () => {
  const items = { data: [item("price_1", null)], has_more: true };
  const asked: unknown[] = [];
  const stripe = {
    subscriptionItems: {
      list: (params: unknown) => {
        asked.push(params);
        return { autoPagingToArray: () => Promise.resolve([item("price_1", null), item("price_2", "scale")]) };
      },
    },
  };
  const prices = await pricesOf(subscription({ items }), stripe as unknown as Stripe);
  assert.deepEqual(prices.map(({ id, lookupKey }) => [id, lookupKey]), [["price_1", null], ["price_2", "scale"]]);
  assert.deepEqual(asked, [{ subscription: "sub_1", limit: 100 }]);
});
