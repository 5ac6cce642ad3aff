import assert from "node:assert/strict";
import fc from "fast-check";
import { byCurrency, decimalsFor, marginRate, sumOf, written } from "./sums.ts";
import { lastMonths, monthsIn } from "./months.ts";

const MONTHS = monthsIn(lastMonths(6, "2026-11"));
/** Amounts as the functions give them: with up to ten decimals. */
const amount = fc.integer({ min: -10_000_000, max: 1_000_000_000 }).map((value) => value / 100_000);
const row = fc.record({
  month: fc.constantFrom(...MONTHS, "2019-01"),
  currency: fc.constantFrom("usd", "eur", "jpy"),
  billed: amount,
  unbilled: amount,
  lost: amount,
  cost: amount,
}).map((row) => {
  const revenue = Number((row.billed + row.unbilled).toFixed(10));
  return { ...row, revenue, margin: Number((revenue - row.cost).toFixed(10)) };
});
const rows = fc.array(row, { maxLength: 40 });
const near = (one: number, other: number) => Math.abs(one - other) < 1e-6;

Deno.test("each currency has its own rows alone, and every month of the range once", () => {
  fc.assert(fc.property(rows, (rows) => {
    const sums = byCurrency(rows, MONTHS);
    assert.deepEqual(
      sums.map(({ currency }) => currency),
      [...new Set(rows.map(({ currency }) => currency.toUpperCase()))].sort(),
    );
    for (const { currency, months, total } of sums) {
      const own = rows.filter((row) => row.currency.toUpperCase() === currency && row.month !== "2019-01");
      assert.deepEqual(months.map(({ month }) => month), MONTHS);
      for (const name of ["revenue", "billed", "unbilled", "lost", "cost"] as const) {
        const expected = own.reduce((sum, row) => sum + row[name], 0);
        assert.ok(near(total[name], expected), `${name}: ${total[name]}, not ${expected}`);
        assert.ok(near(months.reduce((sum, month) => sum + month[name], 0), total[name]));
      }
    }
  }));
});

Deno.test("a margin is the revenue without the cost, in every sum and as it is written", () => {
  fc.assert(fc.property(rows, (rows) => {
    for (const { currency, months, total } of byCurrency(rows, MONTHS)) {
      const decimals = decimalsFor([...months, total], currency);
      for (const sums of [...months, total]) {
        assert.ok(near(sums.margin, sums.revenue - sums.cost));
        const shown = written(sums, decimals);
        assert.equal(
          shown.margin.toFixed(decimals),
          (shown.revenue - shown.cost + 0).toFixed(decimals).replace(/^-(0\.?0*)$/, "$1"),
        );
        assert.ok(Math.abs(shown.margin - sums.margin) <= 1.001 * 10 ** -decimals);
        assert.ok(!Object.values(shown).some((value) => Object.is(value, -0)));
      }
    }
  }));
});

Deno.test("small amounts keep their decimals, and large ones have those of their currency", () => {
  const usage = { revenue: 0.0158, billed: 0.0158, unbilled: 0, lost: 0, cost: 0.0079, margin: 0.0079 };
  assert.equal(decimalsFor([usage], "USD"), 5);
  assert.equal(decimalsFor([{ ...usage, cost: 12 }], "USD"), 2);
  assert.equal(decimalsFor([{ ...usage, lost: -12 }], "JPY"), 0);
});

Deno.test("a margin has no rate without revenue", () => {
  assert.equal(marginRate({ revenue: 0, margin: -1 }), null);
  assert.equal(marginRate({ revenue: -1, margin: -2 }), null);
  assert.equal(marginRate({ revenue: 4, margin: 1 }), 0.25);
  assert.deepEqual(sumOf([]), { revenue: 0, billed: 0, unbilled: 0, lost: 0, cost: 0, margin: 0 });
});
