import assert from "node:assert/strict";
import fc from "fast-check";
import { countOf, countsOf, type Slice, windowsOf } from "./meter-windows.ts";

const DAY = "2027-01-10";
const START = Date.parse(`${DAY}T00:00:00Z`) / 1000;
const slice = (fields: Partial<Slice>): Slice => ({
  kind: "sms_out",
  day: DAY,
  billedStart: "2027-01-01T00:00:00Z",
  expected: 100,
  first: START + 60,
  last: START + 60,
  endsWithEvent: false,
  ...fields,
});

Deno.test("a day of one billed period is read as a whole", () => {
  const [window, ...others] = windowsOf([slice({})]);
  assert.deepEqual([window!.start, window!.end, window!.isDay, others], [START, START + 86_400, true, []]);
});

Deno.test("a range ends a minute early when an event of ours has the second on which it ends", () => {
  const [window] = windowsOf([slice({ endsWithEvent: true })]);
  assert.deepEqual([window!.start, window!.end, window!.isDay], [START, START + 86_340, false]);
});

Deno.test("a day that a period cuts is read in two ranges, which meet on a whole minute between their events", () => {
  // The period begins at 12:34:56, and its events are a minute later.
  const second = slice({ billedStart: "2027-01-10T12:34:56Z", first: START + 45_356, last: START + 45_356 });
  const windows = windowsOf([second, slice({})]);
  assert.deepEqual(windows.map(({ start, end }) => [start - START, end - START]), [[0, 45_300], [45_300, 86_400]]);
});

Deno.test("events of two periods in one minute are read together, and what is missing is attributed to the later period", () => {
  const later = slice({ billedStart: "2027-01-10T00:01:10Z", expected: 40, first: START + 75, last: START + 75 });
  const [window, ...others] = windowsOf([slice({ first: START + 65, last: START + 65 }), later]);
  assert.deepEqual(others, []);
  const counts = countsOf(window!, 110).map(({ billed_start, counted }) => [billed_start, counted]);
  assert.deepEqual(counts, [["2027-01-01T00:00:00Z", 100], ["2027-01-10T00:01:10Z", 10]]);
});

Deno.test("with any timestamps, ranges begin and end on whole minutes, no event is on an edge's second but a day's first, and each slice is in one range", () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 0, max: 86_399 }), { minLength: 2, maxLength: 8 });
  fc.assert(fc.property(cuts, fc.boolean(), (times, endsWithEvent) => {
    const sorted = times.toSorted((a, b) => a - b);
    const slices: Slice[] = [];
    for (let i = 0; i + 1 < sorted.length; i += 2) {
      const [first, last] = [START + sorted[i]!, START + sorted[i + 1]!];
      slices.push(slice({ billedStart: String(i), first, last, expected: i, endsWithEvent }));
    }
    const windows = windowsOf(slices);
    assert.deepEqual(windows.flatMap((window) => window.slices), slices);
    for (const { start, end, slices: inside } of windows) {
      assert.ok(start % 60 === 0 && end % 60 === 0 && start < end);
      for (const { first, last } of inside) {
        assert.ok(first >= start && last < end);
        assert.ok(first !== start || start === START);
      }
    }
    for (const [index, { start }] of windows.slice(1).entries()) assert.equal(start, windows[index]!.end);
  }));
});

Deno.test("what is missing in one period of a day is not attributed to a row of the other one", () => {
  const second = slice({
    billedStart: "2027-01-10T12:00:00Z",
    expected: 40,
    first: START + 43_260,
    last: START + 43_260,
  });
  const windows = windowsOf([slice({}), second]);
  assert.equal(countOf(windows[1]!, second.billedStart, 55), 55);
  // Of events in one minute the other part is taken to have what it should.
  const [together] = windowsOf([slice({}), { ...second, first: START + 62, last: START + 62 }]);
  assert.equal(countOf(together!, second.billedStart, 155), 55);
});
