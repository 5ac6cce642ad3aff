import assert from "node:assert/strict";
import fc from "fast-check";
import { MOST_SELECTED, selectedOf, toggled } from "./selection.ts";

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { maxLength: 400 });

Deno.test("what is selected is shown, was chosen, and fits into one action", () => {
  fc.assert(fc.property(ids, ids, (shown, chosen) => {
    const selected = selectedOf(shown, new Set(chosen));
    const both = shown.filter((id) => chosen.includes(id));
    assert.deepEqual(selected, both.slice(0, MOST_SELECTED));
  }));
  const many = Array.from({ length: MOST_SELECTED + 50 }, (_, id) => id);
  assert.deepEqual(selectedOf(many, new Set(many)), many.slice(0, MOST_SELECTED));
});

Deno.test("a second click takes an item out again, and leaves the others", () => {
  fc.assert(fc.property(ids, fc.integer({ min: 1, max: 1_000 }), (chosen, id) => {
    const before = new Set(chosen);
    const once = toggled(before, id);
    assert.notEqual(once.has(id), before.has(id));
    assert.deepEqual([...toggled(once, id)].sort(), [...before].sort());
  }));
});
