import assert from "node:assert/strict";
import fc from "fast-check";
import type { ForwardDelivery } from "../../../client/switchboard.ts";
import {
  addressOf,
  attemptText,
  canReplay,
  deliveriesQueryOf,
  type DeliveryFilters,
  failingInARow,
  filtersOf,
  STATUSES,
} from "./deliveries.ts";

const day = fc.date({ min: new Date("2000-02-01"), max: new Date("2100-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const filters: fc.Arbitrary<DeliveryFilters> = fc.record(
  { status: fc.constantFrom(...STATUSES), from: day, until: day },
  { requiredKeys: [], noNullPrototype: true },
);

Deno.test("the filters of an address are those that it was made of", () => {
  fc.assert(fc.property(filters, fc.option(fc.uuid(), { nil: undefined }), (filters, delivery) => {
    const query = new URLSearchParams(addressOf(filters, delivery));
    assert.deepEqual(filtersOf(query), filters);
    assert.equal(query.get("delivery") ?? undefined, delivery);
  }));
});

Deno.test("an address of any other text has no filter and no error", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (status, from) => {
    fc.pre(!(STATUSES as readonly string[]).includes(status) && !/^\d{4}-\d{2}-\d{2}$/.test(from));
    assert.deepEqual(filtersOf(new URLSearchParams({ status, from, until: "2026-02-30" })), {});
  }));
});

Deno.test("the days of a filter are listed from the first moment of the first to the last of the last", () => {
  fc.assert(fc.property(day, (one) => {
    const { since, until } = deliveriesQueryOf({ from: one, until: one });
    const [start, end] = [new Date(since!), new Date(until!)];
    const noon = new Date(`${one}T12:00:00`);
    assert.ok(start <= noon && noon < end);
    // A day with a change of the clock has 23 or 25 hours.
    assert.ok(Math.abs((end.getTime() - start.getTime()) / 3_600_000 - 24) <= 1);
  }));
});

const delivery = (status: ForwardDelivery["status"], failure: ForwardDelivery["lastAttempt"]["failure"]) => ({
  id: crypto.randomUUID(),
  status,
  attemptCount: 1,
  lastAttempt: { at: "2026-11-27T12:00:00Z", status: failure === "refused" ? 500 : null, durationMs: null, failure },
  nextAttemptAt: null,
  createdAt: "2026-11-27T12:00:00Z",
});

Deno.test("a webhook fails since the last delivery that arrived", () => {
  const [arrived, failed] = [delivery("delivered", null), delivery("failed", "refused")];
  const [waiting, canceled] = [delivery("pending", "no_response"), delivery("canceled", "refused")];
  const cases: [ForwardDelivery[], number][] = [
    [[], 0],
    [[arrived, failed], 0],
    [[failed, arrived, failed], 1],
    [[waiting, canceled, failed, arrived], 2],
    [[waiting, failed], 2],
  ];
  for (const [list, expected] of cases) assert.equal(failingInARow(list), expected);
});

Deno.test("each outcome of an attempt is said", () => {
  const at = "2026-11-27T12:00:00Z";
  assert.equal(attemptText({ at, status: 204, durationMs: 35, failure: null }), "Status 204 after 35 ms");
  assert.equal(attemptText({ at, status: 500, durationMs: 7, failure: "refused" }), "Status 500 after 7 ms");
  assert.match(attemptText({ at, status: null, durationMs: null, failure: "no_response" }), /10 seconds/);
  assert.match(attemptText({ at, status: null, durationMs: null, failure: "not_public" }), /not accepted/);
  assert.deepEqual(STATUSES.filter((status) => canReplay({ status })), ["delivered", "failed", "canceled"]);
});
