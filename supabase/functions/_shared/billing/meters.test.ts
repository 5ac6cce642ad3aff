import assert from "node:assert/strict";
import fc from "fast-check";
import { decimalsOf, KINDS, lookupKey, unitAmount } from "./meters.ts";

Deno.test("unitAmount is 1/10,000 of the currency, in its smallest unit at Stripe", () => {
  const units = ["usd", "eur", "jpy", "krw", "kwd", "bhd", "isk", "ugx"].map((
    currency,
  ) => [currency, unitAmount(currency)]);
  assert.deepEqual(units, [
    ["usd", "0.01"],
    ["eur", "0.01"],
    ["jpy", "0.0001"],
    ["krw", "0.0001"],
    ["kwd", "0.1"],
    ["bhd", "0.1"],
    ["isk", "0.01"],
    ["ugx", "0.01"],
  ]);
});

Deno.test("10,000 units of any currency are one of it", () => {
  const currency = fc.constantFrom(..."usd eur gbp jpy kwd clp tnd huf xof isk".split(" "));
  fc.assert(fc.property(currency, (currency) => {
    assert.equal(Math.round(Number(unitAmount(currency)) * 10_000), 10 ** decimalsOf(currency));
  }));
});

Deno.test("lookupKey differs for each kind, currency and interval, and has no interval for a month", () => {
  assert.equal(lookupKey("sms_out", "usd", { interval: "month", count: 1 }), "switchboard_sms_out_usd");
  assert.equal(lookupKey("sms_out", "usd", { interval: "year", count: 1 }), "switchboard_sms_out_usd_year");
  const market = fc.record({
    kind: fc.constantFrom(...KINDS),
    currency: fc.constantFrom("usd", "eur", "jpy"),
    interval: fc.constantFrom("day", "week", "month", "year"),
    count: fc.integer({ min: 1, max: 24 }),
  });
  fc.assert(fc.property(market, market, (one, other) => {
    const same = JSON.stringify(one) === JSON.stringify(other);
    assert.equal(lookupKey(one.kind, one.currency, one) === lookupKey(other.kind, other.currency, other), same);
  }));
});
