import assert from "node:assert/strict";
import { localLimit } from "./local-limit.ts";

Deno.test("a subject may do as much as the limit in a minute, and again in the next", () => {
  let now = 0;
  const limit = localLimit(2, 10, () => now);
  assert.deepEqual([1, 2, 3].map(() => limit.count("ada")), [null, null, 60]);
  now = 30_500;
  assert.equal(limit.count("ada"), 30);
  assert.equal(limit.count("neighbour"), null);
  now = 60_000;
  assert.equal(limit.count("ada"), null);
});

Deno.test("the oldest subject is forgotten when there are more than the limit remembers", () => {
  const limit = localLimit(1, 2, () => 0);
  for (const subject of ["ada", "bob", "eve"]) assert.equal(limit.count(subject), null);
  assert.equal(limit.count("eve"), 60);
  assert.equal(limit.count("ada"), null);
});
