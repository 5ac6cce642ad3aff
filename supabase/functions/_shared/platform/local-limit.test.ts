import assert from "node:assert/strict";
import { localLimit } from "./local-limit.ts";

Deno.test("a subject may do as much as the limit in a minute, and again in the next", () => {
  let now = 0;
  const limit = localLimit(2, 10, () => now);
  assert.deepEqual([1, 2, 3].map(() => limit.allows("ada")), [true, true, false]);
  assert.equal(limit.allows("neighbour"), true);
  now = 60_000;
  assert.equal(limit.allows("ada"), true);
});

Deno.test("the oldest subject is forgotten when there are more than the limit remembers", () => {
  const limit = localLimit(1, 2, () => 0);
  for (const subject of ["ada", "bob", "eve"]) assert.equal(limit.allows(subject), true);
  assert.equal(limit.allows("eve"), false);
  assert.equal(limit.allows("ada"), true);
});
