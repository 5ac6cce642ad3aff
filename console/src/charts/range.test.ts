import assert from "node:assert/strict";
import fc from "fast-check";
import {
  barsOf,
  choiceOf,
  dayOf,
  daysAfter,
  daysIn,
  LONGEST_RANGE,
  type Preset,
  PRESET_LABELS,
  type Range,
  rangeOf,
  stepOf,
  withChoice,
} from "./range.ts";

const PRESETS = Object.keys(PRESET_LABELS) as Preset[];
const TODAY = "2026-11-27";
const PERIOD: Range = { from: "2026-11-12", until: "2026-12-12" };

const anyDay = fc.integer({ min: 0, max: 20_000 }).map((days) => dayOf(days * 86_400_000));
const anyText = fc.oneof(
  anyDay,
  fc.string(),
  fc.constantFrom("2026-02-31", "1999-12-31", "2026-11-28", "9999-12-31", ...PRESETS),
);
const anyQuery = fc.record({ range: anyText, from: anyText, until: anyText, tab: anyText }, { requiredKeys: [] })
  .map((record) => new URLSearchParams(record as Record<string, string>));
const offered = fc.shuffledSubarray(PRESETS, { minLength: 1 });

Deno.test("any query gives a range of 1 to 400 days without the future, and its own address leads to it again", () => {
  fc.assert(fc.property(anyQuery, offered, (query, presets) => {
    const choice = choiceOf(query, presets, TODAY);
    const { from, until } = rangeOf(choice, TODAY, PERIOD)!;
    assert.ok(from < until && until <= daysAfter(TODAY, 1) && from >= "2000-01-01", `${from} ${until}`);
    assert.ok(daysIn({ from, until }) <= LONGEST_RANGE);
    const address = withChoice(query, choice, presets);
    assert.deepEqual(choiceOf(address, presets, TODAY), choice);
    assert.equal(address.get("tab"), query.get("tab"));
  }));
});

Deno.test("presets are the days that their names say", () => {
  const range = (choice: Preset) => rangeOf(choice, TODAY, PERIOD);
  assert.deepEqual(PRESETS.map(range), [
    { from: "2026-11-12", until: "2026-11-28" },
    { from: "2026-11-21", until: "2026-11-28" },
    { from: "2026-10-29", until: "2026-11-28" },
    { from: "2026-11-01", until: "2026-11-28" },
    { from: "2026-10-01", until: "2026-11-01" },
  ]);
  assert.equal(rangeOf("period", TODAY, null), null);
  assert.deepEqual(rangeOf("last-month", "2026-01-31"), { from: "2025-12-01", until: "2026-01-01" });
});

Deno.test("one day alone is completed, and a range without days is the first preset", () => {
  const choice = (query: string) => choiceOf(new URLSearchParams(query), ["7d"], TODAY);
  assert.deepEqual(choice("from=2026-11-20"), { from: "2026-11-20", until: "2026-11-28" });
  assert.deepEqual(choice("until=2026-11-01"), { from: "2026-10-02", until: "2026-11-01" });
  assert.deepEqual(choice("from=2024-01-01&until=2026-11-01"), { from: "2025-09-27", until: "2026-11-01" });
  assert.equal(choice("from=2026-11-20&until=2026-11-20"), "7d");
  assert.equal(choice("from=2026-12-01"), "7d");
});

Deno.test("the bars of a range are all its days, or all its months, once and in order", () => {
  fc.assert(fc.property(anyDay, fc.integer({ min: 1, max: LONGEST_RANGE }), (from, length) => {
    const range = { from, until: daysAfter(from, length) };
    const days = barsOf(range, "day");
    assert.deepEqual([days.length, days[0], days.at(-1)], [length, from, daysAfter(range.until, -1)]);
    const months = barsOf(range, "month");
    assert.deepEqual(months, [...new Set(months)].toSorted());
    assert.deepEqual(new Set(days.map((day) => day.slice(0, 7))), new Set(months));
    assert.ok(barsOf(range, stepOf(range)).length <= 62);
  }));
});
