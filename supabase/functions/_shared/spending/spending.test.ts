import assert from "node:assert/strict";
import { spendingNotice, spendLimitReached } from "./spending.ts";

const stored = {
  percent: 100,
  limit: 20,
  used: 19.995,
  left: 0.005,
  periodStart: "2026-11-01T00:00:00+00:00",
  periodEnd: "2026-12-01T00:00:00+00:00",
};

Deno.test("the error of a reached spend limit is a 402 without Retry-After, with limit, used, left and the period's end", () => {
  const error = spendLimitReached("Cannot send", stored);
  assert.deepEqual([error.status, error.code, error.headers], [402, "spend_limit_reached", {}]);
  assert.deepEqual(error.details, [{ limit: 20, used: 19.995, left: 0.005, periodEnd: "2026-12-01T00:00:00.000Z" }]);
  assert.equal(
    error.message,
    "Cannot send: your spend limit of 20 has 0.005 left until 2026-12-01T00:00:00.000Z. Subscribe to a larger plan, or wait until then",
  );
});

Deno.test("a response has the spending from 80 % on, and nothing below", () => {
  assert.deepEqual(spendingNotice(null), {});
  assert.deepEqual(spendingNotice({ ...stored, percent: 80 }).spending, {
    percent: 80,
    limit: 20,
    used: 19.995,
    left: 0.005,
    periodStart: "2026-11-01T00:00:00.000Z",
    periodEnd: "2026-12-01T00:00:00.000Z",
  });
});
