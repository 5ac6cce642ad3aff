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

Deno.test("a meter event is recorded with its payload and listed for tests", async () => {
  await using s = await startFixture();
  const { customerId } = await s.checkout();
  const timestamp = now() - 34 * DAY;
  const event = await report(s, customerId, { value: "12", identifier: "ada-june", timestamp });
  assert.deepEqual([event.object, event.identifier, event.timestamp], ["billing.meter_event", "ada-june", timestamp]);
  const { meterEvents } = (await s.control("/_sim/meter-events")).answer;
  assert.equal(meterEvents.length, 1);
  assert.deepEqual([meterEvents[0]?.event.payload.value, meterEvents[0]?.outcome], ["12", "recorded"]);
});

Deno.test("an identifier counts once, and saying so is not worth a retry", async () => {
  await using s = await startFixture();
  await report(s, "cus_1", { identifier: "once" });
  await assert.rejects(report(s, "cus_1", { identifier: "once" }), {
    statusCode: 400,
    message: "An event already exists with identifier once.",
  });
  assert.equal((await s.control("/_sim/meter-events")).answer.meterEvents.length, 1);
});

Deno.test("a usage older than 35 days, in the future, or not whole is refused", async () => {
  await using s = await startFixture();
  await assert.rejects(report(s, "cus_1", { timestamp: now() - 35 * DAY - 60 }), /cannot be more than 35 days in past/);
  await assert.rejects(report(s, "cus_1", { timestamp: now() + 3600 }), /more than 5 minutes in the future/);
  for (const value of ["1.5", "many", "1e3"]) {
    await assert.rejects(report(s, "cus_1", { value }), { param: "payload[value]" }, value);
  }
  assert.equal((await s.control("/_sim/meter-events")).answer.meterEvents.length, 0);
});

Deno.test("concurrent calls for one customer and meter are refused with lock_timeout, others are not", async () => {
  await using s = await startFixture();
  const calls = await Promise.allSettled([
    report(s, "cus_1"),
    report(s, "cus_1"),
    report(s, "cus_2"),
    report(s, "cus_1", { meter: "calls" }),
  ]);
  const refused = calls.flatMap((call) => call.status === "rejected" ? [call.reason] : []);
  assert.deepEqual(refused.map(({ statusCode, code }) => [statusCode, code]), [[429, "lock_timeout"]]);
  await report(s, "cus_1");
});

Deno.test("a customer nobody knows is accepted at first and found out later, as at Stripe", async () => {
  await using s = await startFixture();
  await report(s, "cus_nobody");
  const { meterEvents } = (await s.control("/_sim/meter-events")).answer;
  assert.equal(meterEvents[0]?.outcome, "no_such_customer");
});
