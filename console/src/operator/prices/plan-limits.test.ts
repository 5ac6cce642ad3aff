import assert from "node:assert/strict";
import fc from "fast-check";
import { limitsSchema, planLimitsSchema } from "../../../../supabase/functions/admin/limit-shapes.ts";
import {
  byName,
  changedLimits,
  effectOf,
  type Entered,
  faultOfLimit,
  LIMIT_NAMES,
  LIMITS,
  type ListedPlan,
  loweredLimits,
  nextKey,
} from "./plan-limits.ts";

const value = fc.oneof(
  fc.integer({ min: -2, max: 3_000_000_000 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(0.01, 0.005, 999.999, ""),
);
const entered: fc.Arbitrary<Entered> = fc.record(
  Object.fromEntries(LIMIT_NAMES.map((name) => [name, value])) as Record<keyof Entered, typeof value>,
);
const PLAN: ListedPlan = {
  key: "team",
  name: "Team",
  rank: 3,
  version: 1,
  supersededAt: null,
  stripePriceId: null,
  currency: "usd",
  markup: 2,
  segmentPrice: 0.01,
  limits: {
    maxNumbers: 5,
    maxPurchasesPerDay: 10,
    maxPurchasesPerMonth: 20,
    maxNumberPrice: 25,
    dailyMessageLimit: 10_000,
    monthlyMessageLimit: 100_000,
    spendLimit: 2_500,
    messagesPerSecond: 25,
  },
  wasSold: true,
  subscriptions: 1,
};

Deno.test("the form has every limit of the functions, and what it accepts they accept", () => {
  assert.deepEqual(LIMIT_NAMES.toSorted(), Object.keys(limitsSchema.shape).sort());
  fc.assert(fc.property(entered, (entered) => {
    const isAccepted = LIMIT_NAMES.every((name) => faultOfLimit(name, entered[name]) === null);
    const limits = changedLimits(PLAN, entered);
    if (!isAccepted || Object.keys(limits).length === 0) return;
    assert.equal(
      planLimitsSchema.safeParse({ plan: "team", limits, reason: "x" }).success,
      true,
      JSON.stringify(limits),
    );
  }));
  for (const name of LIMIT_NAMES) {
    assert.equal(faultOfLimit(name, PLAN.limits[name]), null);
    assert.equal(faultOfLimit(name, LIMITS[name].most), null);
    for (const wrong of ["", "many", -1, LIMITS[name].most + 1, NaN]) assert.notEqual(faultOfLimit(name, wrong), null);
  }
});

Deno.test("only the limits that differ are sent, and a limit is lowered or raised, never both", () => {
  assert.deepEqual(changedLimits(PLAN, PLAN.limits), {});
  fc.assert(fc.property(fc.subarray(LIMIT_NAMES), fc.integer({ min: -4, max: 4 }), (names, by) => {
    const entered = { ...PLAN.limits };
    for (const name of names) entered[name] += by;
    const changed = changedLimits(PLAN, entered);
    assert.deepEqual(Object.keys(changed).sort(), by === 0 ? [] : names.toSorted());
    assert.deepEqual(loweredLimits(PLAN, changed), by < 0 ? LIMIT_NAMES.filter((name) => names.includes(name)) : []);
  }));
});

Deno.test("what a change does says for whom it holds", () => {
  assert.match(effectOf({ ...PLAN, wasSold: false }, false), /change at once/);
  assert.match(effectOf(PLAN, true), /at once for all that have Team: 1 subscription\./);
  assert.match(effectOf(PLAN, false), /^Version 2 goes on sale.*1 subscription keeps it.*lookup key team-v2\.$/);
  assert.match(
    effectOf({ ...PLAN, key: "team-v2", version: 2, subscriptions: 3 }, false),
    /3 subscriptions keep it.*team-v3/,
  );
});

Deno.test("each plan is listed with its versions, the newest first", () => {
  const second = { ...PLAN, key: nextKey(PLAN), version: 2 };
  const starter = { ...PLAN, key: "starter", rank: 2 };
  assert.deepEqual(byName([PLAN, second, starter]), [{ newest: starter, earlier: [] }, {
    newest: second,
    earlier: [PLAN],
  }]);
});
