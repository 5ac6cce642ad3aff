import assert from "node:assert/strict";
import fc from "fast-check";
import type { StatementDetails, Usage } from "../../../client/switchboard.ts";
import { barsOf, daysAfter, stepOf } from "../charts/range.ts";
import { moneyOf, roundMoneyOf, shortMoneyOf, sumOf } from "./amounts.ts";
import { metersOf } from "./meters.ts";
import { forecastOf, freshnessOf } from "./notes.ts";
import { chartOf, type Kind, KINDS } from "./series.ts";
import { amountOf, checksOf, noteOf, periodInWords, sumsOf } from "./statement.ts";

const NOW = new Date("2026-11-27T12:00:00Z");

interface Given {
  day?: [left: number, limit: number];
  month?: [left: number, limit: number];
  period?: Partial<Usage["period"]>;
  freshness?: Partial<Usage["freshness"]>;
}

function usage({ day = [100, 100], month = [500, 500], period, freshness }: Given = {}): Usage {
  return {
    by: "period",
    from: "2026-11-12",
    until: "2026-12-12",
    usage: [],
    totals: [],
    prices: [],
    period: {
      from: "2026-11-12",
      until: "2026-12-12",
      plan: "free",
      currency: "USD",
      price: 0,
      limit: 20,
      left: 20,
      forecast: null,
      ...period,
    },
    messages: { day: { left: day[0], limit: day[1] }, month: { left: month[0], limit: month[1] } },
    freshness: { estimatedMessages: 0, feesReadAt: null, feesFinalUntil: null, ...freshness },
  };
}

const shown = (given: Given, numbers = { limit: 1, held: 0 }) =>
  Object.fromEntries(
    metersOf(usage(given), numbers, [], NOW).map(({ key, level, amount, warning }) => [key, [level, amount, warning]]),
  );

Deno.test("a limit warns in words from 80 %, and is reached at its end", () => {
  assert.deepEqual(shown({ day: [21, 100], month: [100, 500], period: { left: 4 } }, { limit: 5, held: 5 }), {
    day: ["fine", "79 of 100", ""],
    month: ["near", "400 of 500", "80 % used"],
    spend: ["near", "$16.00 of $20.00", "80 % used"],
    numbers: ["reached", "5 of 5", "Limit reached"],
  });
  assert.deepEqual(shown({ period: { left: 0.001 } })["spend"], ["near", "$19.99 of $20.00", "99 % used"]);
  assert.deepEqual(shown({}, { limit: 0, held: 0 })["numbers"], ["none", "0 of 0", "Not in your plan"]);
  assert.deepEqual(shown({}, { limit: 1, held: 3 })["numbers"]?.[0], "reached");
});

Deno.test("a spend limit into which the next message does not fit is reached, and fees set aside are named", () => {
  const details = { percent: 100, limit: 20, periodEnd: "2026-12-12T00:00:00Z" };
  const notices = [{ id: "1", kind: "usage.threshold" as const, details }];
  const spend = metersOf(usage({ period: { left: 0.01, price: 18.84 } }), null, notices, NOW)[2]!;
  assert.deepEqual([spend.level, spend.note], [
    "reached",
    "$1.15 of it is set aside for fees of your numbers. Resets on December 12, 2026",
  ]);
  const [, , whole] = metersOf(usage({ period: { left: 10.28, price: 10 } }), null, [], NOW);
  assert.deepEqual([whole!.amount, whole!.note], [
    "$9.72 of $20.00",
    "Counts from the moment the period began, not its whole first day. Resets on December 12, 2026",
  ]);
});

Deno.test("a meter is full exactly when its limit is reached, for any amounts", () => {
  fc.assert(fc.property(fc.nat(1000), fc.nat(1000), (limit, left) => {
    const [day] = metersOf(usage({ day: [Math.min(left, limit), limit] }), null, [], NOW);
    assert.ok(day!.share >= 0 && day!.share <= 1);
    assert.equal(day!.level === "reached", limit > 0 && left === 0);
    assert.equal(day!.warning !== "", day!.level !== "fine");
  }));
});

const FROM = "2026-10-20";
const price = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((parts) => parts / 100_000);
const anyRow = fc.record({
  at: fc.nat(399),
  kind: fc.constantFrom<Kind>(...KINDS),
  currency: fc.constantFrom("USD", "EUR", null),
  count: fc.nat(1000),
  segments: fc.nat(3000),
  price,
}).map(({ at, ...row }) => ({ ...row, from: daysAfter(FROM, at), until: daysAfter(FROM, at + 1) }));

Deno.test("the bars of a chart are all days or months of the range, and add up to its usage in one currency", () => {
  fc.assert(fc.property(fc.array(anyRow), fc.integer({ min: 1, max: 400 }), fc.boolean(), (rows, length, isCost) => {
    const range = { from: FROM, until: daysAfter(FROM, length) };
    const within = rows.filter(({ from }) => from < range.until);
    const step = stepOf(range);
    const chart = chartOf(within, range, step, isCost ? "cost" : "messages", "USD");
    assert.deepEqual(chart.rows.map(({ at }) => at), barsOf(range, step));
    const drawn = sumOf(chart.rows.flatMap(({ values }) => Object.values(values)));
    const used = isCost
      ? within.filter(({ currency }) => currency === "USD").map(({ price }) => price)
      : within.filter(({ kind }) => kind !== "number" && kind !== "fee").map(({ count }) => count);
    assert.equal(drawn, sumOf(used));
    assert.ok(chart.rows.every(({ values }) => Object.keys(values).length === chart.series.length));
  }));
});

Deno.test("a headline leaves out parts of a cent from one unit on, and never shows more than there is", () => {
  assert.deepEqual([20.3416, 1, 0.0079, 0, -3.009].map(roundMoneyOf("USD")), [
    "$20.34",
    "$1.00",
    "$0.0079",
    "$0.00",
    "-$3.00",
  ]);
  assert.deepEqual([roundMoneyOf("JPY")(120.5), roundMoneyOf(null)(20.3416)], ["¥120", "20.34"]);
  fc.assert(fc.property(fc.integer({ min: 100_000, max: 10_000_000_000 }), (parts) => {
    const shown = Number(roundMoneyOf("USD")(parts / 100_000).replaceAll(/[$,]/g, ""));
    assert.equal(shown, Math.floor(parts / 1000) / 100);
  }));
});

Deno.test("amounts are added exactly, and written with the sign of their currency", () => {
  assert.equal(sumOf([0.1, 0.2, 0.00001]), 0.30001);
  assert.deepEqual([moneyOf("USD")(0.0079), moneyOf(null)(0.0079)], ["$0.0079", "0.0079"]);
  assert.deepEqual([0, 0.7, 1.05, 0.00035, 1200, 12_500].map(shortMoneyOf("USD")), [
    "$0",
    "$0.70",
    "$1.05",
    "$0.00035",
    "$1,200",
    "$12.5K",
  ]);
  assert.deepEqual([0, 1000, 20_000].map(shortMoneyOf("JPY")), ["¥0", "¥1,000", "¥20K"]);
});

Deno.test("a forecast says how it is made, or why there is none", () => {
  const of = (forecast: number | null, currencies = 1) => forecastOf(usage({ period: { forecast } }), currencies);
  assert.deepEqual(of(12.5), {
    amount: "$12.50",
    text:
      "Until December 12, 2026, if the other days are like the complete ones. The fees of your present numbers are included",
  });
  assert.match(of(null).text, /after three complete days/);
  assert.match(of(null, 2).text, /more than one currency/);
});

Deno.test("the freshness names estimates and fees that may change", () => {
  assert.deepEqual(freshnessOf({ estimatedMessages: 0, feesReadAt: null, feesFinalUntil: null }), [
    "Fees other than those of numbers have not been read yet",
  ]);
  const [estimates, fees] = freshnessOf({
    estimatedMessages: 12,
    feesReadAt: "2026-11-27T10:00:00Z",
    feesFinalUntil: "2026-11-24",
  });
  assert.equal(estimates, "12 sent messages are not priced yet: their cost is an estimate");
  assert.match(fees!, /those from November 24, 2026 on may still change$/);
});

Deno.test("a statement says what its lines are, and whether it adds up", () => {
  const line = {
    type: "usage",
    state: "billed",
    isLate: false,
    from: "2026-11-12T00:00:00Z",
    until: "2026-12-12T00:00:00Z",
  };
  const of = (change: object) => noteOf({ ...line, ...change } as StatementDetails["lines"][number]);
  assert.equal(of({}), "");
  assert.equal(of({ type: "correction", state: "trial" }), "Correction. Free trial");
  assert.match(of({ isLate: true }), /^Late usage of Nov 12\s–\sDec 12, 2026$/);
  assert.match(periodInWords(line), /^Nov 12\s–\sDec 12, 2026$/);
  const checks = (addsUp: StatementDetails["addsUp"]) =>
    checksOf({ addsUp } as StatementDetails).map(({ isSo }) => isSo);
  assert.deepEqual(checks({ ledger: true, summaries: null, invoice: false }), [true, null, false]);
});

Deno.test("the sums of a statement are exact for any units and prices", () => {
  const anyTotal = fc.record({ units: fc.nat(1_000_000), price, included: price });
  fc.assert(fc.property(fc.array(anyTotal, { maxLength: 6 }), (totals) => {
    const sums = sumsOf(totals as StatementDetails["totals"]);
    assert.equal(Math.round(amountOf(sums.units) * 10_000), totals.reduce((sum, { units }) => sum + units, 0));
    assert.equal(
      Math.round(sums.price * 100_000),
      totals.reduce((sum, { price }) => sum + Math.round(price * 100_000), 0),
    );
  }));
});
