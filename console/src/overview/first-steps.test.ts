import assert from "node:assert/strict";
import fc from "fast-check";
import { stepsOf } from "./first-steps.ts";

const progress = fc.record({
  status: fc.constantFrom(null, "pending", "active", "suspended", "closed"),
  isProvisioned: fc.boolean(),
  ownNumbers: fc.nat(3),
  hasSent: fc.boolean(),
});

Deno.test("One undone step is next, and the steps are gone once all are done or while the subaccount is out of use", () => {
  fc.assert(fc.property(progress, (each) => {
    const steps = stepsOf(each);
    const isOutOfUse = each.status === "suspended" || each.status === "closed";
    const isComplete = each.isProvisioned && each.ownNumbers > 0 && each.hasSent;
    assert.equal(steps.length, isOutOfUse || isComplete ? 0 : 3);
    const next = steps.filter(({ isNext }) => isNext);
    assert.equal(next.length, steps.length === 0 ? 0 : 1);
    for (const { name } of next) assert.equal(steps.find(({ isDone }) => !isDone)?.name, name);
  }));
});
