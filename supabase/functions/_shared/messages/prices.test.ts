import assert from "node:assert/strict";
import RestException from "twilio/lib/base/RestException.js";
import type { Db } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import { refreshMessagePrices } from "./prices.ts";

const quiet = { info: () => {}, warn: () => {}, error: () => {} } as unknown as Log;

/** A database that collects what is stored. */
function collector(): { db: Db; stored: { country: string; unit_price: string }[] } {
  const stored: { country: string; unit_price: string }[] = [];
  const rpc = (_name: string, args: { p_prices: { country: string; unit_price: string }[] }) => {
    stored.push(...args.p_prices);
    const answer = Promise.resolve({ data: args.p_prices.length, error: null });
    return Object.assign(answer, { abortSignal: () => answer });
  };
  return { db: { rpc } as unknown as Db, stored };
}

function refused(status: number): Error {
  const body = JSON.stringify({ code: 20404, message: "no", status });
  // deno-lint-ignore no-explicit-any -- CommonJS: the default export is a property
  return new (RestException as any).default({ statusCode: status, body });
}

Deno.test("the prices of all countries but those without one are stored", async () => {
  const { db, stored } = collector();
  const prices: Record<string, string> = { US: "0.0083", DE: "0.1128" };
  const countries = Array.from({ length: 30 }, (_, index) => `X${index}`).concat("US", "DE");
  const changed = await refreshMessagePrices({
    db,
    log: quiet,
    messagePricing: () =>
      Promise.resolve({
        countries: () => Promise.resolve(countries),
        segmentPrice: (country) => Promise.resolve(country in prices ? { price: prices[country]!, unit: "USD" } : null),
      }),
  });
  assert.equal(changed, 2);
  assert.deepEqual(stored.sort((left, right) => left.country < right.country ? -1 : 1), [
    { country: "DE", unit_price: "0.1128" },
    { country: "US", unit_price: "0.0083" },
  ]);
});

Deno.test("a country that cannot be read fails the job after the others are stored; an unknown country does not", async () => {
  for (const [status, fails] of [[503, true], [404, false]] as const) {
    const { db, stored } = collector();
    const refreshed = refreshMessagePrices({
      db,
      log: quiet,
      messagePricing: () =>
        Promise.resolve({
          countries: () => Promise.resolve(["US", "DE"]),
          segmentPrice: (country) =>
            country === "US" ? Promise.resolve({ price: "0.0083", unit: "USD" }) : Promise.reject(refused(status)),
        }),
    });
    if (fails) await assert.rejects(refreshed);
    else assert.equal(await refreshed, 1);
    assert.deepEqual(stored, [{ country: "US", unit_price: "0.0083" }]);
  }
});

Deno.test("a price list that does not answer is given up after a few countries, and what was read is stored", async () => {
  const { db, stored } = collector();
  let asked = 0;
  await assert.rejects(refreshMessagePrices({
    db,
    log: quiet,
    messagePricing: () =>
      Promise.resolve({
        countries: () => Promise.resolve(Array.from({ length: 200 }, (_, index) => `X${index}`).concat("US")),
        segmentPrice: (country) => {
          asked++;
          return country === "US" ? Promise.resolve({ price: "0.0083", unit: "USD" }) : Promise.reject(refused(503));
        },
      }),
  }));
  assert.ok(asked < 20, `${asked} requests`);
  assert.deepEqual(stored, [{ country: "US", unit_price: "0.0083" }]);
});
