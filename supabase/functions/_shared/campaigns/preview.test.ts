import assert from "node:assert/strict";
import { partsOf, unitsToMeasure } from "./preview.ts";
import type { ReadyRecipient } from "./recipients.ts";

const recipients = (count: number, variables: ReadyRecipient["variables"]): ReadyRecipient[] =>
  Array.from({ length: count }, (_, position) => ({ position, to: "+14155550100", country: "US", variables }));

Deno.test("the work of a dry run is the length of the texts that differ, and each part of it is bounded", () => {
  const text = `{{a}}${"x".repeat(1_000)}`;
  assert.equal(unitsToMeasure(recipients(10_000, null), text), 0);
  assert.equal(unitsToMeasure(recipients(10_000, { a: "xyz" }), text), 10_000 * (text.length + 3));
  const lengths = [null, { a: "xyz" }].map((variables) =>
    Array.from(partsOf(recipients(10_000, variables), text), (part) => part.length)
  );
  assert.deepEqual(lengths[0], [2_500, 2_500, 2_500, 2_500]);
  assert.ok(lengths[1]!.length > 10 && Math.max(...lengths[1]!) < 1_000, String(lengths[1]));
});
