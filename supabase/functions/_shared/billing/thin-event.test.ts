import assert from "node:assert/strict";
import { meterErrorsOf } from "./thin-event.ts";

const ROW = "0190aaaa-0000-7000-8000-000000000001";
const report = (error_types: unknown) => ({
  id: "evt_1",
  object: "v2.core.event",
  related_object: { id: "mtr_1", type: "billing.meter", url: "/v1/billing/meters/mtr_1" },
  data: {
    developer_message_summary: "There are 3 invalid events",
    validation_start: "2027-01-10T00:00:00.000Z",
    validation_end: "2027-01-10T00:00:10.000Z",
    reason: { error_count: 3, error_types },
  },
});

Deno.test("an error report names its meter, its window, its codes and the Idempotency-Keys of its samples", () => {
  const errors = meterErrorsOf(report([
    {
      code: "meter_event_customer_not_found",
      error_count: 2,
      sample_errors: [{ error_message: "No customer", request: { identifier: `${ROW}.0` } }],
    },
    { code: "a_code_of_tomorrow", error_count: 1, sample_errors: [] },
  ]));
  assert.deepEqual(errors, {
    meterId: "mtr_1",
    from: "2027-01-10T00:00:00.000Z",
    until: "2027-01-10T00:00:10.000Z",
    samples: [`${ROW}.0`],
    codes: ["meter_event_customer_not_found", "a_code_of_tomorrow"],
  });
});

Deno.test("a report of events without a meter has no meter, and a sample may name no request", () => {
  const errors = meterErrorsOf({
    ...report([{ code: "no_meter", error_count: 1, sample_errors: [{ error_message: "No meter", request: null }] }]),
    related_object: null,
  });
  assert.deepEqual([errors?.meterId, errors?.samples, errors?.codes], [null, [], ["no_meter"]]);
});

Deno.test("a fetched event without the documented shape is not read", () => {
  for (const fetched of [null, {}, { data: null }, { data: { validation_start: "soon" } }]) {
    assert.equal(meterErrorsOf(fetched), null);
  }
});
