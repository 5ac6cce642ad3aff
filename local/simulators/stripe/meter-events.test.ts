import assert from "node:assert/strict";
import { type Fixture, startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

const DAY = 86_400;
const now = () => Math.floor(Date.now() / 1000);
let used = 0;

interface Usage {
  value?: string;
  identifier?: string;
  timestamp?: number;
  meter?: string;
  key?: string;
}

const report = (s: Fixture, customer: string, usage: Usage = {}) =>
  s.stripe.billing.meterEvents.create({
    event_name: usage.meter ?? "sms",
    payload: { stripe_customer_id: customer, value: usage.value ?? "3" },
    ...(usage.identifier !== undefined ? { identifier: usage.identifier } : {}),
    ...(usage.timestamp !== undefined ? { timestamp: usage.timestamp } : {}),
  }, { idempotencyKey: usage.key ?? `key-${++used}` });

/** A simulator with a meter and a customer. */
async function startMetered(options: Parameters<typeof startFixture>[0] = {}) {
  const s = await startFixture(options);
  const meter = await createMeter(s);
  const { id: customer } = await s.stripe.customers.create({ name: "Ada" });
  return { ...s, meter, customer };
}

const createMeter = (s: Fixture, more: Partial<Parameters<Fixture["stripe"]["billing"]["meters"]["create"]>[0]> = {}) =>
  s.stripe.billing.meters.create({
    display_name: "SMS",
    event_name: "sms",
    default_aggregation: { formula: "sum" },
    ...more,
  });

const events = async (s: Fixture) => (await s.control("/_sim/meter-events")).answer.meterEvents;
const advance = (s: Fixture, advanceSeconds: number) => s.control("/_sim/clock", { advanceSeconds });
const quantity = async (s: Fixture) => (await s.control("/_sim/meters")).answer.meters[0]?.customers[0]?.quantity;

Deno.test("A meter event is recorded with its payload and listed at /_sim/meter-events", async () => {
  await using s = await startMetered();
  const timestamp = now() - 34 * DAY;
  const event = await report(s, s.customer, { value: "12", identifier: "ada-june", timestamp });
  assert.deepEqual([event.object, event.identifier, event.timestamp], ["billing.meter_event", "ada-june", timestamp]);
  const [recorded] = await events(s);
  assert.deepEqual([recorded?.status, recorded?.meter, recorded?.customer, recorded?.value], [
    "counted",
    s.meter.id,
    s.customer,
    "12",
  ]);
});

Deno.test("A repeated identifier answers 400 without a retry within 24 hours, and counts twice later", async () => {
  await using s = await startMetered();
  await report(s, s.customer, { identifier: "once" });
  await advance(s, DAY - 5);
  await assert.rejects(report(s, s.customer, { identifier: "once" }), (error: Record<string, unknown>) => {
    assert.equal(error.statusCode, 400);
    assert.equal(error.message, "An event already exists with identifier once.");
    assert.equal((error.headers as Record<string, string>)["stripe-should-retry"], "false");
    return true;
  });
  assert.equal(await quantity(s), "3");
  await advance(s, 10);
  await report(s, s.customer, { identifier: "once" });
  assert.equal(await quantity(s), "6");
});

Deno.test("A request with a known Idempotency-Key gets the saved answer for 24 hours, then runs again", async () => {
  await using s = await startMetered();
  await report(s, s.customer, { key: "row-1" });
  await report(s, s.customer, { key: "row-1" });
  assert.equal(await quantity(s), "3");
  await advance(s, DAY);
  await report(s, s.customer, { key: "row-1" });
  assert.equal(await quantity(s), "6");
});

Deno.test("Decimals and negative values add up exactly, and no whole number is needed", async () => {
  await using s = await startMetered();
  for (const value of ["0.1", "0.2", "-1", "999999999999999", "-0.05"]) await report(s, s.customer, { value });
  assert.equal(await quantity(s), "999999999999998.25");
});

Deno.test("A meter event that is too old, in the future, or without a decimal value answers 400", async () => {
  await using s = await startMetered();
  await assert.rejects(
    report(s, s.customer, { timestamp: now() - 35 * DAY - 60 }),
    /cannot be more than 35 days in past/,
  );
  await assert.rejects(report(s, s.customer, { timestamp: now() + 360 }), /more than 5 minutes in the future/);
  for (const value of ["many", "1e3", "+1", "1.", "", "1234567890123456", "1.234567890123456"]) {
    await assert.rejects(report(s, s.customer, { value }), { statusCode: 400, param: "payload[value]" }, value);
  }
  assert.equal((await events(s)).length, 0);
  await report(s, s.customer, { value: "0.000123456789012345", timestamp: now() + 240 });
  await s.control("/_sim/metering", { values: "later" });
  await report(s, s.customer, { value: "1234567890123456" });
  assert.deepEqual((await events(s)).map(({ rejection }) => rejection), [null, "meter_event_value_too_many_digits"]);
});

Deno.test("Concurrent calls answer lock_timeout only for the same customer and meter", async () => {
  await using s = await startMetered();
  const calls = await Promise.allSettled([
    report(s, "cus_1"),
    report(s, "cus_1"),
    report(s, "cus_2"),
    report(s, "cus_1", { meter: "calls" }),
  ]);
  const rejected = calls.flatMap((call) => call.status === "rejected" ? [call.reason] : []);
  assert.deepEqual(rejected.map(({ statusCode, code }) => [statusCode, code]), [[429, "lock_timeout"]]);
  await report(s, "cus_1");
});

Deno.test("Events without a customer, a meter or a counted meter are accepted and rejected later", async () => {
  await using s = await startMetered();
  const old = await createMeter(s, { event_name: "old" });
  await s.stripe.billing.meters.deactivate(old.id);
  await report(s, "cus_unknown");
  await report(s, s.customer, { meter: "nothing" });
  await report(s, s.customer, { meter: "old" });
  await s.stripe.billing.meterEvents.create({ event_name: "sms", payload: { value: "1" } });
  await s.stripe.customers.del(s.customer);
  await report(s, s.customer);
  assert.deepEqual((await events(s)).map(({ status, rejection }) => [status, rejection]), [
    ["rejected", "meter_event_customer_not_found"],
    ["rejected", "no_meter"],
    ["rejected", "archived_meter"],
    ["rejected", "meter_event_no_customer_defined"],
    ["rejected", "meter_event_customer_not_found"],
  ]);
  await s.control("/_sim/metering", { checks: "at_once" });
  await assert.rejects(report(s, "cus_unknown"), { statusCode: 400, param: "payload[stripe_customer_id]" });
  await assert.rejects(report(s, s.customer, { meter: "nothing" }), { statusCode: 400, param: "event_name" });
});

Deno.test("The identifier of a rejected event exists for 24 hours, or is free if so set", async () => {
  await using s = await startMetered();
  await report(s, "cus_unknown", { identifier: "lost" });
  await assert.rejects(report(s, s.customer, { identifier: "lost" }), /already exists/);
  await s.control("/_sim/metering", { rejectedIdentifiers: "free" });
  await report(s, s.customer, { identifier: "lost" });
  assert.equal(await quantity(s), "3");
});

Deno.test("An accepted event counts after the processing time, and with the state at that time", async () => {
  await using s = await startMetered();
  await s.control("/_sim/metering", { processingSeconds: 60 });
  await report(s, s.customer);
  await advance(s, 50);
  assert.equal((await events(s))[0]?.status, "pending");
  await advance(s, 20);
  assert.equal(await quantity(s), "3");
  await report(s, s.customer);
  await s.stripe.billing.meters.deactivate(s.meter.id);
  await advance(s, 100);
  assert.equal((await events(s))[1]?.rejection, "archived_meter");
});

Deno.test("A fault rejects the next events of a customer with its code, and no event of another", async () => {
  await using s = await startMetered();
  const { id: other } = await s.stripe.customers.create({});
  const fault = { meterEvents: "reject", code: "timestamp_too_far_in_past", customer: s.customer, times: 2 };
  assert.equal((await s.control("/_sim/faults", fault)).status, 200);
  for (const customer of [other, s.customer, s.customer, s.customer]) await report(s, customer);
  assert.deepEqual((await events(s)).map(({ rejection }) => rejection), [
    null,
    "timestamp_too_far_in_past",
    "timestamp_too_far_in_past",
    null,
  ]);
});

Deno.test("A lost answer and a 500 after the effect leave the event counted, a 429 leaves none", async () => {
  await using s = await startMetered();
  const fault = (more: Record<string, unknown>) =>
    s.control("/_sim/faults", { match: "POST /v1/billing/meter_events", ...more });
  await fault({ kind: "status", status: 429, code: "lock_timeout" });
  await assert.rejects(report(s, s.customer), { statusCode: 429, code: "lock_timeout" });
  // The SDK repeats a call once if its connection closes.
  await fault({ kind: "drop_before", times: 2 });
  await assert.rejects(report(s, s.customer), { type: "StripeConnectionError" });
  assert.equal((await events(s)).length, 0);
  await fault({ kind: "status_after_commit", status: 500 });
  await assert.rejects(report(s, s.customer, { identifier: "a", key: "a" }), { statusCode: 500 });
  await assert.rejects(report(s, s.customer, { identifier: "a" }), /already exists/);
  await fault({ kind: "drop_after_commit", times: 2 });
  await assert.rejects(report(s, s.customer, { identifier: "b" }), { type: "StripeConnectionError" });
  assert.equal(await quantity(s), "6");
});

Deno.test("An adjustment cancels an event within 24 hours of its receipt, once", async () => {
  await using s = await startMetered();
  const cancel = (identifier: string, event_name = "sms") =>
    s.stripe.billing.meterEventAdjustments.create({ event_name, type: "cancel", cancel: { identifier } });
  await s.control("/_sim/metering", { processingSeconds: 30 });
  await report(s, s.customer, { identifier: "wrong" });
  await report(s, s.customer, { identifier: "right", value: "5" });
  await advance(s, 60);
  assert.equal(await quantity(s), "8");
  const adjustment = await cancel("wrong");
  assert.deepEqual([adjustment.status, adjustment.cancel], ["pending", { identifier: "wrong" }]);
  assert.equal(await quantity(s), "8");
  await advance(s, 60);
  assert.equal(await quantity(s), "5");
  await assert.rejects(cancel("wrong"), /already canceled/);
  await assert.rejects(cancel("right", "calls"), /No event was found/);
  await assert.rejects(cancel("never"), /No event was found/);
  await advance(s, DAY);
  await assert.rejects(cancel("right"), /more than 24 hours ago/);
  await s.control("/_sim/metering", { processingSeconds: 0 });
  await report(s, s.customer, { identifier: "at once" });
  assert.equal((await cancel("at once")).status, "complete");
  assert.equal(await quantity(s), "5");
});
