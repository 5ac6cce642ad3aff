import assert from "node:assert/strict";
import type { NumberPrices } from "../twilio/pricing.ts";
import { priceCache } from "./prices.ts";

const MINUTE = 60_000;
const dear: NumberPrices = { currency: "USD", byType: new Map([["local", "1.15"]]) };

/** A host that counts its requests. */
function host(answer: () => Promise<NumberPrices>) {
  const asked = { times: 0 };
  return { asked, ask: () => (asked.times++, answer()) };
}

Deno.test("prices of a country are requested once an hour", async () => {
  let now = 0;
  const prices = priceCache({ now: () => now });
  const { asked, ask } = host(() => Promise.resolve(dear));
  assert.deepEqual([await prices.in("US", ask), await prices.in("US", ask), asked.times], [dear, dear, 1]);
  await prices.in("DE", ask);
  assert.equal(asked.times, 2);
  now = 60 * MINUTE;
  await prices.in("US", ask);
  assert.equal(asked.times, 3);
});

Deno.test("two searches at once share one request", async () => {
  const prices = priceCache();
  const { asked, ask } = host(() => Promise.resolve(dear));
  assert.deepEqual(await Promise.all([prices.in("US", ask), prices.in("US", ask)]), [dear, dear]);
  assert.equal(asked.times, 1);
});

Deno.test("a host that fails gives no price and is called again after a minute", async () => {
  let now = 0;
  const prices = priceCache({ now: () => now });
  const { asked, ask } = host(() => Promise.reject(new Error("503")));
  assert.deepEqual([await prices.in("US", ask), await prices.in("US", ask), asked.times], [null, null, 1]);
  now = MINUTE;
  await prices.in("US", ask);
  assert.equal(asked.times, 2);
});

Deno.test("a slow host delays no search, and its response serves later searches", async () => {
  const prices = priceCache({ timeoutMs: 5 });
  const slow = Promise.withResolvers<NumberPrices>();
  const { asked, ask } = host(() => slow.promise);
  assert.equal(await prices.in("US", ask), null);
  slow.resolve(dear);
  assert.deepEqual([await prices.in("US", ask), asked.times], [dear, 1]);
});
