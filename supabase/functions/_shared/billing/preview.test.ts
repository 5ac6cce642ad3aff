import assert from "node:assert/strict";
import fc from "fast-check";
import { differenceOf } from "./preview.ts";

const NOTHING = { unsentUnits: 0, estimatedAmount: 0, withoutRate: 0 };
const units = fc.integer({ min: -100_000, max: 100_000 });
const rise = fc.integer({ min: 0, max: 5_000 });

const reckoned = fc.record({ accepted: fc.integer({ min: 0, max: 100_000 }), below: rise, above: rise, missing: units })
  .map(({ accepted, below, above, missing }) => ({
    ...NOTHING,
    acceptedUnits: accepted,
    leastUnits: accepted - below,
    mostUnits: accepted + above,
    missingUnits: missing,
  }));

Deno.test("a preview with the accepted units has no difference, also while units are on their way", () => {
  fc.assert(fc.property(reckoned, (kind) => assert.equal(differenceOf(kind, kind.acceptedUnits), "none")));
});

Deno.test("a preview between the least and the most that Stripe may have counted is explained by calls on their way", () => {
  fc.assert(fc.property(reckoned, fc.double({ min: 0, max: 1, noNaN: true }), (kind, share) => {
    const least = Math.max(0, kind.leastUnits);
    const shown = least + Math.floor((kind.mostUnits - least) * share);
    const expected = shown === kind.acceptedUnits ? "none" : "on_its_way";
    assert.equal(differenceOf(kind, shown), expected);
  }));
});

Deno.test("a preview without the units that a comparison found missing is explained by them", () => {
  const kind = { ...NOTHING, acceptedUnits: 36_000, leastUnits: 36_000, mostUnits: 36_000, missingUnits: 9_000 };
  assert.equal(differenceOf(kind, 27_000), "missing");
  assert.equal(differenceOf({ ...kind, missingUnits: 0 }, 27_000), "unexplained");
  assert.equal(differenceOf(kind, 36_001), "unexplained");
});

Deno.test("a negative sum is explained by a preview of zero, because Stripe bills it as zero", () => {
  const kind = { ...NOTHING, acceptedUnits: -5, leastUnits: -5, mostUnits: -5, missingUnits: 0 };
  assert.deepEqual([differenceOf(kind, 0), differenceOf(kind, 1)], ["none", "unexplained"]);
});

Deno.test("a preview outside of all that is known is unexplained", () => {
  fc.assert(fc.property(reckoned, rise, (kind, more) => {
    assert.equal(differenceOf({ ...kind, missingUnits: 0 }, kind.mostUnits + 1 + more), "unexplained");
  }));
});
