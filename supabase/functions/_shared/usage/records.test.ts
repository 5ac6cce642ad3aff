import assert from "node:assert/strict";
import fc from "fast-check";
import type { DailyUsage } from "../twilio/client.ts";
import { type Days, readUsage, recordOf } from "./records.ts";

type Record = Parameters<typeof recordOf>[0];

const DAY_MS = 86_400_000;
const dayAt = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * DAY_MS).toISOString().slice(0, 10);
const record = (values: Partial<{ [Key in keyof Record]: unknown }>) =>
  ({
    startDate: new Date("2026-01-01"),
    category: "sms",
    count: "1",
    usage: "1",
    price: "0.5",
    priceUnit: "usd",
    ...values,
  }) as Record;

/**
 * An account that exists on some days and has one record on each. A range that is not within them answers 404. Keeps
 * the requests.
 */
function account(exists: (day: string) => boolean, recordsPerPage = Infinity) {
  const requests: { from: string; until: string; includeSubaccounts: unknown; pageSize: unknown }[] = [];
  const page = (records: Record[]): unknown => ({
    instances: records.slice(0, recordsPerPage),
    nextPage: () => records.length > recordsPerPage ? Promise.resolve(page(records.slice(recordsPerPage))) : undefined,
  });
  const usage = {
    page(params: { startDate: Date; endDate: Date; includeSubaccounts: boolean; pageSize: number }) {
      const [from, until] = [params.startDate, params.endDate].map((date) => date.toISOString().slice(0, 10));
      requests.push({
        from: from!,
        until: until!,
        includeSubaccounts: params.includeSubaccounts,
        pageSize: params.pageSize,
      });
      const days: string[] = [];
      for (let at = params.startDate.getTime(); at <= params.endDate.getTime(); at += DAY_MS) {
        days.push(new Date(at).toISOString().slice(0, 10));
      }
      if (!days.every(exists)) {
        return Promise.reject(Object.assign(new Error("Not found"), { status: 404, code: 20404 }));
      }
      return Promise.resolve(page(days.map((day) => record({ startDate: new Date(day) }))));
    },
  };
  return { usage: usage as unknown as DailyUsage, requests };
}

const DAYS: Days = { from: dayAt(0), until: dayAt(35) };

Deno.test("readUsage asks for a range of days once, for the account alone, with pages of a thousand", async () => {
  const { usage, requests } = account(() => true);
  const { known, records } = await readUsage(usage, DAYS, false);
  assert.deepEqual(requests, [{ ...DAYS, includeSubaccounts: false, pageSize: 1000 }]);
  assert.deepEqual(known, DAYS);
  assert.equal(records.length, 36);
});

Deno.test("readUsage reads every page", async () => {
  const { usage } = account(() => true, 7);
  assert.deepEqual(
    (await readUsage(usage, DAYS, false)).records.map(({ day }) => day),
    Array.from({ length: 36 }, (_, n) => dayAt(n)),
  );
});

Deno.test("readUsage finds the days on which an account existed, whenever it was created or closed", async () => {
  await fc.assert(fc.asyncProperty(fc.nat(36), fc.nat(36), fc.boolean(), async (first, length, isCreated) => {
    // Created within the range, or closed within it.
    const [from, until] = isCreated ? [dayAt(first), DAYS.until] : [DAYS.from, dayAt(length - 1)];
    const { usage, requests } = account((day) => day >= from && day <= until);
    const { known, records } = await readUsage(usage, DAYS, false);
    assert.deepEqual(known, from <= until ? { from, until } : null);
    assert.deepEqual([records[0]?.day, records.at(-1)?.day], from <= until ? [from, until] : [undefined, undefined]);
    assert.ok(requests.length <= 10, `${requests.length} requests`);
  }));
});

Deno.test("readUsage asks once for an account that Twilio did not know before", async () => {
  const { usage, requests } = account(() => false);
  assert.deepEqual(await readUsage(usage, DAYS, true), { known: null, records: [] });
  assert.equal(requests.length, 1);
});

Deno.test("readUsage throws any other error, so that no day is taken for empty", async () => {
  for (const status of [401, 403, 429, 500, 503]) {
    const usage = { page: () => Promise.reject(Object.assign(new Error("no"), { status })) } as unknown as DailyUsage;
    await assert.rejects(readUsage(usage, DAYS, false), { status });
  }
});

Deno.test("readUsage throws when pages never end", async () => {
  const page: unknown = { instances: [], nextPage: () => Promise.resolve(page) };
  await assert.rejects(
    readUsage({ page: () => Promise.resolve(page) } as unknown as DailyUsage, DAYS, false),
    /more than 100 pages/,
  );
});

Deno.test("recordOf keeps amounts as Twilio writes them, and reads the currency", () => {
  assert.deepEqual(recordOf(record({ count: null, usage: "1.18320", price: "-0.000001", priceUnit: "EUR" })), {
    ...{ day: "2026-01-01", category: "sms", count: "0", usage: "1.18320", price: "-0.000001", price_unit: "eur" },
  });
  assert.equal(recordOf(record({ price: 0.00000012 })).price, "1.2e-7");
  assert.equal(recordOf(record({ price: "1e-7" as never })).price, "1e-7");
  assert.equal(recordOf(record({ price: undefined, priceUnit: null })).price_unit, "");
});

Deno.test("recordOf keeps a category of any text, without what Postgres cannot store", () => {
  for (const category of ["sms-hologram", "Ünknown ✨ category"]) {
    assert.equal(recordOf(record({ category })).category, category);
  }
  assert.equal(recordOf(record({ category: "a\0b\nc\ud800" })).category, "a\ufffdb\ufffdc\ufffd");
  assert.equal([...recordOf(record({ category: "✨".repeat(5_000) })).category].length, 200);
});

Deno.test("recordOf throws for an amount that is no number instead of taking it for zero", () => {
  for (const price of ["1,5", "NaN", "free", "0x10", Infinity]) {
    assert.throws(() => recordOf(record({ price })), /is not a number/, String(price));
  }
});

Deno.test("readUsage leaves out records without a value, and keeps any with a count, a usage or a price", async () => {
  const values = [["0", "0", "0.00000"], ["0", "0", "-0.00001"], ["1", "0", "0"], ["0", "0.5", "0"], [
    null,
    "0.000",
    "0e5",
  ], ["0", "0", "1e-9"]];
  const instances = values.map(([count, usage, price], n) => record({ category: `c${n}`, count, usage, price }));
  const usage = { page: () => Promise.resolve({ instances, nextPage: () => undefined }) } as unknown as DailyUsage;
  const { records } = await readUsage(usage, DAYS, false);
  assert.deepEqual(records.map(({ category }) => category), ["c1", "c2", "c3", "c5"]);
});
