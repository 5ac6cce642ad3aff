import assert from "node:assert/strict";
import fc from "fast-check";
import { LONGEST_RANGE, rangeOf, usageQuery } from "./report.ts";

const at = (day: string) => new Date(`${day}T13:00:00Z`);

Deno.test("a range without days is that of the last 30 days, or of twelve calendar months", () => {
  const now = at("2026-11-27");
  assert.deepEqual(rangeOf({ by: "day" }, now), { from: "2026-10-29", until: "2026-11-28" });
  assert.deepEqual(rangeOf({ by: "month" }, now), { from: "2025-12-01", until: "2026-11-28" });
  assert.deepEqual(rangeOf({ by: "month", until: "2026-03-01" }, now), { from: "2025-03-01", until: "2026-03-01" });
  assert.deepEqual(rangeOf({ by: "day", from: "2026-11-01" }, now), { from: "2026-11-01", until: "2026-11-28" });
  assert.deepEqual(rangeOf({ by: "month" }, at("2026-12-31")), { from: "2026-01-01", until: "2027-01-01" });
});

Deno.test("a range that is not given is accepted on every day", () => {
  const day = fc.date({ min: new Date("2000-01-01"), max: new Date("2098-12-31"), noInvalidDate: true });
  fc.assert(fc.property(day, fc.constantFrom("day" as const, "month" as const), (now, by) => {
    const { from, until } = rangeOf({ by }, now);
    const today = now.toISOString().slice(0, 10);
    const days = (Date.parse(until) - Date.parse(from)) / 86_400_000;
    assert.ok(from <= today && today < until && days >= 29 && days <= LONGEST_RANGE, `${from} ${until}`);
    if (by === "month") assert.equal(from.slice(8), "01");
  }));
});

Deno.test("ranges are accepted by their length alone: 1 to 400 days", () => {
  const day = fc.date({ min: new Date("2005-01-01"), max: new Date("2090-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(day, fc.integer({ min: -1000, max: 1000 }), fc.constantFrom("day", "month"), (first, days, by) => {
      const [from, until] = [0, days].map((n) => new Date(first.getTime() + n * 86_400_000).toISOString().slice(0, 10));
      const { success, error } = usageQuery.safeParse({ by, from, until });
      assert.equal(success, days >= 1 && days <= LONGEST_RANGE);
      if (!success) assert.deepEqual(error.issues.map(({ path }) => path), [["until"]]);
    }),
  );
});
