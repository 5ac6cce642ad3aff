import assert from "node:assert/strict";
import { type Fixture, startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";
import { meteredQuantity } from "./metering/quantity.ts";
import { freshRecords } from "./records.ts";
import type { MeterEventRecord } from "./records.ts";

/** A UTC midnight. */
const START = 1_800_057_600;
const DAY = 86_400;

const meterOf = (event_name: string, formula: "sum" | "count" | "last" = "sum") => ({
  display_name: event_name,
  event_name,
  default_aggregation: { formula },
});

async function startMetered(formula: "sum" | "count" | "last" = "sum") {
  const s = await startFixture({ now: () => (START + 20 * DAY) * 1000 });
  const meter = await s.stripe.billing.meters.create(meterOf("sms", formula));
  const { id: customer } = await s.stripe.customers.create({});
  const use = async (timestamp: number, value = "1", of = customer) =>
    await s.stripe.billing.meterEvents.create({
      event_name: "sms",
      payload: { stripe_customer_id: of, value },
      timestamp,
    });
  const summaries = (more: { start_time: number; end_time: number } & Record<string, unknown>) =>
    s.stripe.billing.meters.listEventSummaries(meter.id, { customer, ...more });
  return { ...s, meter, customer, use, summaries };
}

const emitted = async (s: Fixture) =>
  (await s.stripe.events.list()).data.map(({ type }) => type).filter((type) => type.startsWith("billing"));

Deno.test("A meter is created, renamed, deactivated and reactivated, and only one per event name is active", async () => {
  await using s = await startFixture();
  const meter = await s.stripe.billing.meters.create(meterOf("sms"));
  assert.deepEqual(
    [meter.object, meter.status, meter.customer_mapping, meter.value_settings, meter.event_time_window],
    ["billing.meter", "active", { event_payload_key: "stripe_customer_id", type: "by_id" }, {
      event_payload_key: "value",
    }, null],
  );
  await assert.rejects(s.stripe.billing.meters.create(meterOf("sms")), { statusCode: 400, param: "event_name" });
  await assert.rejects(s.stripe.billing.meters.create({ ...meterOf("mms"), event_time_window: "day" }), {
    param: "event_time_window",
  });
  const renamed = await s.stripe.billing.meters.update(meter.id, { display_name: "Texts" });
  assert.equal(renamed.display_name, "Texts");
  await assert.rejects(s.stripe.billing.meters.update(meter.id, { event_name: "x" } as never), {
    code: "parameter_unknown",
  });
  const inactive = await s.stripe.billing.meters.deactivate(meter.id);
  assert.deepEqual([inactive.status, inactive.status_transitions.deactivated_at !== null], ["inactive", true]);
  const second = await s.stripe.billing.meters.create(meterOf("sms"));
  await assert.rejects(s.stripe.billing.meters.reactivate(meter.id), { param: "event_name" });
  await s.stripe.billing.meters.deactivate(second.id);
  assert.equal((await s.stripe.billing.meters.reactivate(meter.id)).status, "active");
  assert.equal((await s.stripe.billing.meters.retrieve(meter.id)).status_transitions.deactivated_at, null);
  assert.deepEqual((await s.stripe.billing.meters.list({ status: "inactive" })).data.map(({ id }) => id), [second.id]);
  await assert.rejects(s.stripe.billing.meters.retrieve("mtr_none"), { statusCode: 404 });
  assert.deepEqual((await emitted(s)).slice(-3), [
    "billing.meter.deactivated",
    "billing.meter.updated",
    "billing.meter.created",
  ]);
});

Deno.test("A meter with its own payload keys reads the customer and the value from them", async () => {
  await using s = await startFixture();
  await s.stripe.billing.meters.create({
    ...meterOf("sms"),
    customer_mapping: { type: "by_id", event_payload_key: "payer" },
    value_settings: { event_payload_key: "parts" },
  });
  const { id: payer } = await s.stripe.customers.create({});
  await s.stripe.billing.meterEvents.create({ event_name: "sms", payload: { payer, parts: "2.5" } });
  const { meters } = (await s.control("/_sim/meters")).answer;
  assert.deepEqual(meters[0]?.customers, [{ customer: payer, quantity: "2.5" }]);
});

Deno.test("A summary contains the events from start_time up to and without end_time", async () => {
  await using s = await startMetered();
  for (const [timestamp, value] of [[START - 1, "1"], [START, "2"], [START + 59, "4"], [START + 60, "8"]] as const) {
    await s.use(timestamp, value);
  }
  await s.use(START + 1, "100", (await s.stripe.customers.create({})).id);
  const range = { start_time: START, end_time: START + 60 };
  const { data: [summary, ...others] } = await s.summaries(range);
  assert.deepEqual([summary?.aggregated_value, summary?.start_time, summary?.end_time, others.length], [
    6,
    START,
    START + 60,
    0,
  ]);
  assert.deepEqual(Object.keys(summary!).sort(), [
    "aggregated_value",
    "end_time",
    "id",
    "livemode",
    "meter",
    "object",
    "start_time",
  ]);
  await s.control("/_sim/metering", { summaryEnd: "inclusive" });
  assert.equal((await s.summaries(range)).data[0]?.aggregated_value, 14);
});

Deno.test("Summaries by hour and day come in pages of 10, and their times must be aligned", async () => {
  await using s = await startMetered();
  for (let hour = 0; hour < 24; hour++) await s.use(START + hour * 3600, "0.5");
  await s.use(START + DAY, "7");
  const range = { start_time: START, end_time: START + 2 * DAY };
  const page = await s.summaries({ ...range, value_grouping_window: "hour" });
  assert.deepEqual([page.data.length, page.has_more], [10, true]);
  const all: number[] = [];
  for await (const { aggregated_value } of s.summaries({ ...range, value_grouping_window: "hour" })) {
    all.push(aggregated_value);
  }
  assert.deepEqual(all, [7, ...Array.from({ length: 24 }, () => 0.5)]);
  const days = await s.summaries({ ...range, value_grouping_window: "day", limit: 100 });
  assert.deepEqual(days.data.map(({ aggregated_value }) => aggregated_value), [7, 12]);
  await s.control("/_sim/metering", { emptySummaries: "zero" });
  const zero = await s.summaries({ ...range, value_grouping_window: "hour", limit: 100 });
  assert.equal(zero.data.length, 48);
  for (
    const [wrong, param] of [
      [{ start_time: START + 1 }, "start_time"],
      [{ end_time: START + 61 }, "end_time"],
      [{ start_time: START + 60, value_grouping_window: "hour" }, "start_time"],
      [{ end_time: START + 3600, value_grouping_window: "day" }, "end_time"],
      [{ end_time: START }, "start_time"],
      [{ limit: 101 }, "limit"],
      [{ customer: "cus_none" }, "customer"],
    ] as const
  ) {
    await assert.rejects(s.summaries({ ...range, ...wrong }), { statusCode: 400, param }, JSON.stringify(wrong));
  }
});

Deno.test("Summaries lag behind the processing of events by the set time", async () => {
  await using s = await startMetered();
  await s.control("/_sim/metering", { summarySeconds: 300 });
  await s.use(START);
  const range = { start_time: START, end_time: START + 60 };
  await s.control("/_sim/clock", { advanceSeconds: 290 });
  assert.equal((await s.summaries(range)).data.length, 0);
  await s.control("/_sim/clock", { advanceSeconds: 20 });
  assert.equal((await s.summaries(range)).data[0]?.aggregated_value, 1);
});

Deno.test("Meters count their events, or keep the last value, by their formula", async () => {
  await using counting = await startMetered("count");
  await using last = await startMetered("last");
  for (const s of [counting, last]) {
    await s.use(START + 5, "5");
    await s.use(START + 9, "9");
    await s.use(START + 7, "7");
  }
  const range = { start_time: START, end_time: START + 60 };
  assert.equal((await counting.summaries(range)).data[0]?.aggregated_value, 3);
  assert.equal((await last.summaries(range)).data[0]?.aggregated_value, 9);
});

Deno.test("meteredQuantity adds up what was processed by a time and not canceled by it, in a half-open range", () => {
  const records = freshRecords(0);
  const add = (value: string, timestamp: number, more: Partial<MeterEventRecord> = {}) => {
    const id = `mev_${records.meterEvents.size}`;
    const event = { timestamp, event_name: "sms" } as MeterEventRecord["event"];
    const known = { meter: "mtr_1", customer: "cus_1", value, processedAt: 100, canceledAt: null, status: "counted" };
    records.meterEvents.set(id, { id, event, ...known, ...more } as MeterEventRecord);
  };
  add("1.25", 10);
  add("2", 19);
  add("4", 20);
  add("8", 9);
  add("16", 10, { processedAt: 101 });
  add("32", 10, { status: "rejected" });
  add("64", 10, { customer: "cus_2" });
  add("128", 10, { meter: "mtr_2" });
  add("-0.5", 10, { canceledAt: 101 });
  const query = { customer: "cus_1", meterId: "mtr_1", from: 10, until: 20 };
  assert.equal(meteredQuantity(records, { ...query, at: 100 }), "2.75");
  assert.equal(meteredQuantity(records, { ...query, at: 101 }), "19.25");
  assert.equal(meteredQuantity(records, { ...query, at: 99 }), "0");
});
