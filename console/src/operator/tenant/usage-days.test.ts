import assert from "node:assert/strict";
import fc from "fast-check";
import { Constants } from "../../../../supabase/functions/_shared/database.types.ts";
import { chartsOf, daysBetween, isShown, KINDS, MEASURES } from "./usage-days.ts";

const FROM = "2026-10-28";
const UNTIL = "2026-11-28";
const day = fc.record({
  day: fc.constantFrom(...daysBetween(FROM, UNTIL)),
  kind: fc.constantFrom(...KINDS),
  currency: fc.constantFrom(null, "USD", "EUR"),
  count: fc.nat(100),
  segments: fc.nat(100),
  price: fc.nat(1_000).map((cents) => (cents / 100).toFixed(2)),
  cost: fc.nat(1_000).map((cents) => (cents / 100).toFixed(2)),
});

Deno.test("every kind of usage has a label", () => {
  assert.deepEqual([...KINDS].sort(), [...Constants.public.Enums.usage_kind].sort());
});

Deno.test("charts have every day once, and their bars add up to the days of their currency alone", () => {
  fc.assert(fc.property(fc.array(day), fc.constantFrom(...MEASURES), (all, measure) => {
    const charts = chartsOf({ from: FROM, until: UNTIL, days: all }, measure);
    const days = all.filter(({ kind }) => isShown(kind, measure));
    assert.equal(charts.length, new Set(days.map(({ currency }) => currency)).size);
    for (const { currency, rows, kinds, total } of charts) {
      assert.deepEqual(rows.map(({ at }) => at), daysBetween(FROM, UNTIL));
      const own = days.filter((one) => one.currency === currency);
      const expected = own.reduce((sum, one) => sum + Number(one[measure]), 0);
      const drawn = rows.flatMap(({ values }) => Object.values(values)).reduce((sum, value) => sum + value, 0);
      assert.ok(Math.abs(total - expected) < 1e-6 && Math.abs(drawn - expected) < 1e-6);
      assert.ok(rows.every(({ values }) => Object.keys(values).every((kind) => (kinds as string[]).includes(kind))));
    }
  }));
});

Deno.test("daysBetween has the last day of a month once, and nothing for an empty range", () => {
  assert.deepEqual(daysBetween("2026-10-31", "2026-11-02"), ["2026-10-31", "2026-11-01"]);
  assert.deepEqual(daysBetween("2026-11-02", "2026-11-02"), []);
});
