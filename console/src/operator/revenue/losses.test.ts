import assert from "node:assert/strict";
import fc from "fast-check";
import { lossesByReason } from "./losses.ts";

const amount = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 10_000);
const losses = fc.uniqueArray(
  fc.record({
    month: fc.constantFrom("2026-09", "2026-10", "2026-11"),
    userId: fc.constant(null),
    currency: fc.constantFrom("usd", "eur"),
    reason: fc.constantFrom("no_payer", "refused", "too_small"),
    rows: fc.nat(100),
    amount,
    cost: amount,
  }),
  { selector: ({ month, currency, reason }) => `${month} ${currency} ${reason}` },
);

Deno.test("each loss is in the group of its reason and currency, which adds up its months", () => {
  fc.assert(fc.property(losses, (losses) => {
    const groups = lossesByReason(losses);
    assert.deepEqual(new Set(groups.flatMap(({ months }) => months)), new Set(losses));
    assert.equal(new Set(groups.map(({ currency, reason }) => `${currency} ${reason}`)).size, groups.length);
    for (const { currency, reason, months, rows, amount, cost } of groups) {
      assert.ok(months.every((loss) => loss.currency.toUpperCase() === currency && loss.reason === reason));
      assert.deepEqual(months.map(({ month }) => month), months.map(({ month }) => month).toSorted().reverse());
      const sum = (of: "rows" | "amount" | "cost") => months.reduce((total, loss) => total + loss[of], 0);
      assert.equal(rows, sum("rows"));
      assert.ok(Math.abs(amount - sum("amount")) < 1e-6 && Math.abs(cost - sum("cost")) < 1e-6);
    }
  }));
});
