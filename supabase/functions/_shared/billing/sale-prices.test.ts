import assert from "node:assert/strict";
import type Stripe from "stripe";
import { shown } from "./sale-prices.ts";

function price(change: Record<string, unknown> = {}): Stripe.Price {
  return {
    unit_amount_decimal: "4900",
    currency: "usd",
    recurring: { interval: "month", interval_count: 3 },
    tax_behavior: "unspecified",
    ...change,
  } as unknown as Stripe.Price;
}

Deno.test("a price is shown in its currency, whose smallest unit Stripe counts", () => {
  assert.deepEqual(shown(price()), {
    amount: 49,
    currency: "usd",
    interval: "month",
    intervalCount: 3,
    includesTaxes: false,
  });
  const amounts = [["1999.5", "eur"], ["4900", "jpy"], ["4900", "kwd"]].map(([unit_amount_decimal, currency]) =>
    shown(price({ unit_amount_decimal, currency }))?.amount
  );
  assert.deepEqual(amounts, [19.995, 4900, 4.9]);
  assert.equal(shown(price({ tax_behavior: "inclusive" }))?.includesTaxes, true);
});

Deno.test("a price by tiers, and one that is paid once, is not shown as a fixed amount", () => {
  assert.equal(shown(price({ unit_amount_decimal: null })), null);
  assert.equal(shown(price({ recurring: null })), null);
});
