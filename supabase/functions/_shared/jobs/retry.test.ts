import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_ATTEMPTS, retryDelay } from "./retry.ts";

Deno.test("a retry waits for between half and all of a doubling delay, at least a second and at most six hours", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const ceiling = Math.min(2 ** attempt, 6 * 3600);
      const delay = retryDelay(attempt, () => random);
      assert.ok(delay >= Math.max(1, ceiling / 2) && delay <= ceiling, `${delay} for attempt ${attempt}`);
    }),
  );
});

Deno.test("all attempts together give Twilio or Stripe hours to recover", () => {
  const total = Array.from({ length: MAX_ATTEMPTS - 1 }, (_, index) => retryDelay(index + 1, () => 0)).reduce(
    (sum, seconds) => sum + seconds,
    0,
  );
  assert.ok(total > 2 * 3600, `${total} s`);
});
