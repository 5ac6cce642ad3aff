import assert from "node:assert/strict";
import fc from "fast-check";
import { faultOfReason, LONGEST_REASON, withReason } from "./reasons.ts";

Deno.test("withReason suggests the last reason first, each once, and at most five", () => {
  fc.assert(fc.property(fc.array(fc.stringMatching(/^[abc ]{0,2}$/)), (given) => {
    const known = given.reduce(withReason, [] as string[]);
    const said = given.map((one) => one.trim()).filter((one) => one !== "");
    assert.deepEqual(known, [...new Set(said.toReversed())].slice(0, 5));
  }));
});

Deno.test("faultOfReason accepts what the functions accept: 1 to 300 characters without the spaces around them", () => {
  assert.notEqual(faultOfReason("  "), null);
  assert.equal(faultOfReason(` ${"x".repeat(LONGEST_REASON)} `), null);
  assert.notEqual(faultOfReason("x".repeat(LONGEST_REASON + 1)), null);
});
