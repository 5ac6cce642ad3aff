import assert from "node:assert/strict";
import fc from "fast-check";
import { addressOf, lastMonths, lengthOf, monthAfter, monthsIn, monthsOf, MOST_MONTHS, rangeOf } from "./months.ts";

const CURRENT = "2026-11";
const month = fc.integer({ min: -200, max: 40 }).map((months) => monthAfter(CURRENT, months));
const text = fc.option(fc.oneof(month, fc.string(), fc.constantFrom("2026-13", "2026-1", "", "9999-99")), {
  nil: null,
});

function queryOf(parameters: Record<string, string | null>): URLSearchParams {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as [string, string]]
  );
  return new URLSearchParams(given);
}

Deno.test("any address gives a range of past months that is not too long, and its address leads to it again", () => {
  fc.assert(fc.property(text, text, (from, to) => {
    const months = monthsOf(queryOf({ from, to }), CURRENT);
    assert.ok(months.from <= months.to && months.to <= CURRENT, `${months.from} to ${months.to}`);
    assert.ok(lengthOf(months) >= 1 && lengthOf(months) <= MOST_MONTHS);
    assert.deepEqual(monthsOf(queryOf(addressOf(months, CURRENT)), CURRENT), months);
  }));
});

Deno.test("the months of a range are in order, each once, and end before the month that the functions are given", () => {
  fc.assert(fc.property(month, fc.integer({ min: 1, max: MOST_MONTHS }), (current, count) => {
    const months = lastMonths(count, current);
    const all = monthsIn(months);
    assert.equal(all.length, count);
    assert.deepEqual(all, [...new Set(all)].sort());
    assert.deepEqual([all[0], all.at(-1)], [months.from, current]);
    assert.equal(monthAfter(all.at(-1)!, 1), rangeOf(months).until);
  }));
});
