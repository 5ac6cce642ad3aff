import assert from "node:assert/strict";
import { type Fixture, startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

const DAY = 86_400;
const now = () => Math.floor(Date.now() / 1000);
const report = (
  s: Fixture,
  customer: string,
  usage: { value?: string; identifier?: string; timestamp?: number; meter?: string } = {},
) =>
  s.stripe.billing.meterEvents.create({
    event_name: usage.meter ?? "sms_segments",
    payload: { stripe_customer_id: customer, value: usage.value ?? "3" },
    ...(usage.identifier !== undefined ? { identifier: usage.identifier } : {}),
    ...(usage.timestamp !== undefined ? { timestamp: usage.timestamp } : {}),
  });

Deno.test("A meter event is recorded with its payload and listed at /_sim/meter-events", async () => {
  await using s = await startFixture();
  const { customerId } = await s.checkout();
  const timestamp = now() - 34 * DAY;
  const event = await report(s, customerId, { value: "12", identifier: "ada-june", timestamp });
  assert.deepEqual([event.object, event.identifier, event.timestamp], ["billing.meter_event", "ada-june", timestamp]);
  const { meterEvents } = (await s.control("/_sim/meter-events")).answer;
  assert.equal(meterEvents.length, 1);
  assert.deepEqual([meterEvents[0]?.event.payload.value, meterEvents[0]?.outcome], ["12", "recorded"]);
});

Deno.test("A repeated identifier answers 400 without a retry and is recorded once", async () => {
  await using s = await startFixture();
  await report(s, "cus_1", { identifier: "once" });
  await assert.rejects(report(s, "cus_1", { identifier: "once" }), {
    statusCode: 400,
    message: "An event already exists with identifier once.",
  });
  assert.equal((await s.control("/_sim/meter-events")).answer.meterEvents.length, 1);
});

Deno.test("A meter event older than 35 days, in the future, or with a fractional value answers 400", async () => {
  await using s = await startFixture();
  await assert.rejects(report(s, "cus_1", { timestamp: now() - 35 * DAY - 60 }), /cannot be more than 35 days in past/);
  await assert.rejects(report(s, "cus_1", { timestamp: now() + 3600 }), /more than 5 minutes in the future/);
  for (const value of ["1.5", "many", "1e3"]) {
    await assert.rejects(report(s, "cus_1", { value }), { param: "payload[value]" }, value);
  }
  assert.equal((await s.control("/_sim/meter-events")).answer.meterEvents.length, 0);
});

Deno.test("Concurrent calls answer lock_timeout only for the same customer and meter", async () => {
  await using s = await startFixture();
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

Deno.test("A meter event for an unknown customer is accepted and fails in later processing", async () => {
  await using s = await startFixture();
  await report(s, "cus_unknown");
  const { meterEvents } = (await s.control("/_sim/meter-events")).answer;
  assert.equal(meterEvents[0]?.outcome, "no_such_customer");
});
