import assert from "node:assert/strict";
import fc from "fast-check";
import { limitsSchema, tenantLimitsSchema } from "../../../../supabase/functions/admin/limit-shapes.ts";
import { enteredOf, faultOf, faultsOf, FIELDS, LIMIT_NAMES, type LimitName, limitsOf } from "./own-limits.ts";

const NOW = new Date("2026-11-27T12:00:00Z");
const names = fc.constantFrom(...LIMIT_NAMES);
const text = fc.oneof(
  fc.constantFrom("", " ", "abc", "-1", "1e3", "1.", ".5", "1,5", "0", "0.00001", "1000.0", "2000000001"),
  fc.double({ min: 0, max: 3e9, noNaN: true }).map((value) => value.toFixed(3)),
  fc.nat().map(String),
);
const entered = fc.record({
  ...Object.fromEntries(LIMIT_NAMES.map((name) => [name, text])) as Record<LimitName, fc.Arbitrary<string>>,
  validUntil: fc.constantFrom("", "2026-11-20T10:00", "2026-12-24T18:00"),
});

Deno.test("the form has every limit that the function takes, and the markup", () => {
  assert.deepEqual([...LIMIT_NAMES].sort(), [...Object.keys(limitsSchema.shape), "markup"].sort());
});

Deno.test("a form without faults is what the function accepts, and a number with a fault is not sent", () => {
  fc.assert(
    fc.property(entered, (form) => {
      const faults = faultsOf(form, NOW);
      if (Object.keys(faults).length > 0) return;
      const body = { userId: crypto.randomUUID(), reason: "a pilot", ...limitsOf(form) };
      assert.equal(tenantLimitsSchema.safeParse(body).success, true, JSON.stringify(body));
    }),
    { numRuns: 2_000 },
  );
  fc.assert(fc.property(names, text, (name, value) => {
    if (faultOf(name, value) !== null || value.trim() === "") return;
    const form = { ...enteredOf(null), [name]: value };
    assert.deepEqual(Object.keys(limitsOf(form).limits!), [name]);
  }));
});

Deno.test("limits that are set come back from the form as they were", () => {
  const value = (name: LimitName) => {
    const { decimals, least, most } = FIELDS[name];
    return fc.option(
      fc.integer({ min: Math.ceil(least * 10 ** decimals), max: Math.min(most, 9_999) * 10 ** decimals })
        .map((whole) => whole / 10 ** decimals),
    );
  };
  const own = fc.record(
    Object.fromEntries(LIMIT_NAMES.map((name) => [name, value(name)])) as Record<
      LimitName,
      fc.Arbitrary<number | null>
    >,
  );
  fc.assert(fc.property(own, fc.option(fc.constant("2027-01-05T10:30:00.000Z")), (limits, validUntil) => {
    const form = enteredOf({ ...limits, validUntil, reason: "", setBy: "", setAt: "" });
    const { limits: sent, validUntil: until } = limitsOf(form);
    const set = Object.fromEntries(Object.entries(limits).filter(([, one]) => one !== null));
    assert.deepEqual([sent, until ?? null], [set, validUntil]);
  }));
});
