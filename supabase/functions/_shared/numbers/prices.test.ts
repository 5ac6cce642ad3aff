import assert from "node:assert/strict";
import type { NumberPrices } from "../twilio/pricing.ts";
import { numberTypeOf } from "./number-type.ts";
import { hourCache } from "./hour-cache.ts";
import { highestPrice } from "./prices.ts";

const MINUTE = 60_000;
const dear: NumberPrices = { currency: "USD", byType: new Map([["local", "1.15"]]) };

/** A host that counts its requests. */
function host(answer: () => Promise<NumberPrices>) {
  const asked = { times: 0 };
  return { asked, ask: () => (asked.times++, answer()) };
}

Deno.test("prices of a country are requested once an hour", async () => {
  let now = 0;
  const prices = hourCache<NumberPrices>({ now: () => now });
  const { asked, ask } = host(() => Promise.resolve(dear));
  assert.deepEqual([await prices.of("US", ask), await prices.of("US", ask), asked.times], [dear, dear, 1]);
  await prices.of("DE", ask);
  assert.equal(asked.times, 2);
  now = 60 * MINUTE;
  await prices.of("US", ask);
  assert.equal(asked.times, 3);
});

Deno.test("two searches at once share one request", async () => {
  const prices = hourCache<NumberPrices>();
  const { asked, ask } = host(() => Promise.resolve(dear));
  assert.deepEqual(await Promise.all([prices.of("US", ask), prices.of("US", ask)]), [dear, dear]);
  assert.equal(asked.times, 1);
});

Deno.test("a host that fails gives no price and is called again after a minute", async () => {
  let now = 0;
  const prices = hourCache<NumberPrices>({ now: () => now });
  const { asked, ask } = host(() => Promise.reject(new Error("503")));
  assert.deepEqual([await prices.of("US", ask), await prices.of("US", ask), asked.times], [null, null, 1]);
  now = MINUTE;
  await prices.of("US", ask);
  assert.equal(asked.times, 2);
});

Deno.test("a slow host delays no search, and its response serves later searches", async () => {
  const prices = hourCache<NumberPrices>({ timeoutMs: 5 });
  const slow = Promise.withResolvers<NumberPrices>();
  const { asked, ask } = host(() => slow.promise);
  assert.equal(await prices.of("US", ask), null);
  slow.resolve(dear);
  assert.deepEqual([await prices.of("US", ask), asked.times], [dear, 1]);
});

/** Numbers, and the price that counts where each type has its own. */
const PRICED: Record<string, { country: string; price: number }> = {
  "+14155550101": { country: "US", price: 3 }, // local or mobile: the numbering plan does not tell
  "+18335550100": { country: "US", price: 4 },
  "+14165550100": { country: "CA", price: 3 },
  "+442079460000": { country: "GB", price: 2 },
  "+447400123456": { country: "GB", price: 3 },
  "+443301234567": { country: "GB", price: 4 }, // none of Twilio's types: the highest
  "+15005550006": { country: "US", price: 4 },
};
const eachType: NumberPrices = {
  currency: "USD",
  byType: new Map([["local", "1.15"], ["national", "2"], ["mobile", "3"], ["toll free", "4"]]),
};

for (const [phoneNumber, expected] of Object.entries(PRICED)) {
  Deno.test(`the price of ${phoneNumber} is the highest of the types it may be of`, () => {
    const { country, types } = numberTypeOf(phoneNumber)!;
    assert.deepEqual({ country, price: highestPrice(eachType, types) }, expected);
  });
}

Deno.test("a number without a country has no type", () => {
  assert.deepEqual(["+999123456789", "+80012345678"].map(numberTypeOf), [null, null]);
});

Deno.test("a country that prices none of a number's types counts its highest price, and without prices none is known", () => {
  const tollFreeOnly = { currency: "USD", byType: new Map([["toll free", "2.15"]]) };
  assert.equal(highestPrice(tollFreeOnly, ["mobile"]), 2.15);
  for (const byType of [new Map(), ...["n/a", "", "0", "-1.15"].map((price) => new Map([["local", price]]))]) {
    assert.equal(highestPrice({ currency: "USD", byType }, ["local"]), null);
  }
});
