import assert from "node:assert/strict";
import fc from "fast-check";
import { isTyped } from "./typed.ts";

Deno.test("a text confirms itself, with spaces around it, and no other text does", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (expected, other) => {
    const isEmpty = expected.trim() === "";
    assert.equal(isTyped(`  ${expected} `, expected, "text"), !isEmpty);
    assert.equal(isTyped(other, expected, "text"), !isEmpty && other.trim() === expected.trim());
  }));
});

Deno.test("digits confirm a number in whatever way it is written", () => {
  assert.ok(isTyped("14155550100", "(415) 555-0100".replace("(", "+1 ("), "digits"));
  assert.ok(!isTyped("4155550100", "+1 415 555 0100", "digits"));
  assert.ok(!isTyped("+", "+", "digits"));
});
