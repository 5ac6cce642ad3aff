import assert from "node:assert/strict";
import twilio from "twilio";
import { CallbackReceiver } from "../../../tests/support/twilio/callback-receiver.ts";
import { rejectsWith } from "../../../tests/support/twilio/rest-error.ts";
import { startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";
import { eventually } from "../../driver/eventually.ts";
import { usagePeriods } from "./usage-periods.ts";

const MESSAGE = { from: "+15005550006", to: "+14155550123", body: "x".repeat(200) };

async function sendPriced(client: twilio.Twilio): Promise<void> {
  const { sid } = await client.messages.create(MESSAGE);
  await eventually("its price", async () => (await client.messages(sid).fetch()).price !== null);
}

Deno.test("Usage records contain messages, segments and prices by category", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  const tenant = await fixture.subaccount("tenant");
  await sendPriced(tenant.client);
  await sendPriced(tenant.client);
  await tenant.client.incomingPhoneNumbers.create({ areaCode: "415" });
  const records = await tenant.client.usage.records.list();
  const of = (category: string) => {
    const record = records.find((one) => one.category === category);
    return record && [record.count, record.usage, record.price as unknown];
  };
  assert.deepEqual(of("sms"), ["2", "4", "0.03320"]);
  assert.deepEqual(of("sms-outbound"), ["2", "4", "0.03320"]);
  assert.deepEqual(of("sms-inbound"), ["0", "0", "0.00000"]);
  assert.deepEqual(of("phonenumbers"), ["1", "1", "1.15000"]);
  assert.deepEqual(of("totalprice"), [null, "1.18320", "1.18320"]);
});

Deno.test("The parent's usage includes its subaccounts unless IncludeSubaccounts is false", async () => {
  await using fixture = await startFixture();
  const tenant = await fixture.subaccount("tenant");
  await sendPriced(tenant.client);
  await sendPriced(fixture.master);
  const count = async (includeSubaccounts?: boolean) => {
    const filter = { category: "sms", ...(includeSubaccounts === undefined ? {} : { includeSubaccounts }) } as const;
    return (await fixture.master.usage.records.list(filter))[0]?.count;
  };
  assert.equal(await count(), "2");
  assert.equal(await count(true), "2");
  assert.equal(await count(false), "1");
  assert.equal(await count("True" as unknown as boolean), "2");
  assert.equal(await count("False" as unknown as boolean), "1");
});

Deno.test("A released number is still charged for the month", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  const { sid } = await fixture.master.incomingPhoneNumbers.create({ areaCode: "415" });
  await fixture.master.incomingPhoneNumbers(sid).remove();
  const [record] = await fixture.master.usage.records.thisMonth.list({ category: "phonenumbers" });
  assert.equal(record?.price as unknown, "1.15000");
});

Deno.test("Usage records of each time span have the dates of that span", async () => {
  await using fixture = await startFixture();
  await sendPriced(fixture.master);
  const { records } = fixture.master.usage;
  const today = new Date().toISOString().slice(0, 10);
  const [allTime] = await records.allTime.list({ category: "sms" });
  const [daily] = await records.daily.list({ category: "sms" });
  const [now] = await records.today.list({ category: "sms" });
  for (const record of [allTime, daily, now]) {
    assert.equal(record?.count, "1");
    assert.equal(record?.endDate.toISOString().slice(0, 10), today);
  }
  const [yesterday] = await records.yesterday.list({ category: "sms" });
  assert.equal(yesterday?.count, "0");
  const [lastMonth] = await records.lastMonth.list({ category: "sms" });
  assert.equal(lastMonth?.count, "0");
  const lastWeek = await records.daily.list({ category: "sms", startDate: new Date(Date.now() - 6 * 86_400_000) });
  assert.deepEqual(lastWeek.map((record) => record.count), ["1", "0", "0", "0", "0", "0", "0"]);
});

Deno.test("Usage records answer 20001 to an unknown category or an invalid date", async () => {
  await using fixture = await startFixture();
  const { records } = fixture.master.usage;
  await rejectsWith(20001, 400, records.list({ category: "nonsense" }));
  await rejectsWith(20001, 400, records.list({ startDate: "soon" as unknown as Date }));
});

Deno.test("Monthly periods are split at the ends of months, newest first", () => {
  const query = new URLSearchParams({ StartDate: "2026-01-30", EndDate: "2026-03-02" });
  const days = usagePeriods("Monthly", query, 0).map(({ from, until }) =>
    [from, until - 1].map((at) => new Date(at).toISOString().slice(0, 10))
  );
  assert.deepEqual(days, [["2026-03-01", "2026-03-02"], ["2026-02-01", "2026-02-28"], ["2026-01-30", "2026-01-31"]]);
});

Deno.test("A usage trigger fires exactly once when its value is reached, signed with its account's token", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  const tenant = await fixture.subaccount("tenant");
  const trigger = await tenant.client.usage.triggers.create({
    usageCategory: "sms",
    triggerBy: "count",
    triggerValue: "2",
    callbackUrl: `${receiver.url}/usage/tenant`,
    friendlyName: "two texts",
  });
  assert.match(trigger.sid, /^UT/);
  assert.equal(trigger.currentValue, "0");
  assert.equal(trigger.dateFired, null);
  await sendPriced(tenant.client);
  assert.equal(receiver.received.length, 0);
  await sendPriced(tenant.client);
  await sendPriced(tenant.client);
  const [callback] = await receiver.atLeast(1);
  assert.ok(callback);
  assert.equal(receiver.received.length, 1);
  const signature = callback.headers["x-twilio-signature"] ?? "";
  assert.ok(twilio.validateRequest(tenant.authToken, signature, callback.url, callback.params));
  const { DateFired, IdempotencyToken, ...params } = callback.params;
  assert.ok(DateFired && IdempotencyToken);
  assert.deepEqual(params, {
    AccountSid: tenant.sid,
    UsageTriggerSid: trigger.sid,
    UsageCategory: "sms",
    TriggerBy: "count",
    TriggerValue: "2",
    CurrentValue: "2",
    Recurring: "",
  });
  const fetched = await tenant.client.usage.triggers(trigger.sid).fetch();
  assert.ok(fetched.dateFired instanceof Date);
  assert.equal(fetched.currentValue, "3");
});

Deno.test("Usage triggers can be listed, renamed and deleted, and creating an invalid one fails", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  const { triggers } = fixture.master.usage;
  const good = { callbackUrl: "https://example.com/u", triggerValue: "+5", usageCategory: "totalprice" } as const;
  const trigger = await triggers.create({ ...good, triggerBy: "price", recurring: "daily" });
  assert.equal(trigger.triggerValue, "5");
  assert.deepEqual((await triggers.list({ recurring: "daily" })).map((one) => one.sid), [trigger.sid]);
  assert.deepEqual(await triggers.list({ recurring: "monthly" }), []);
  assert.equal((await triggers(trigger.sid).update({ friendlyName: "spend" })).friendlyName, "spend");
  await rejectsWith(20001, 400, triggers.create({ ...good, usageCategory: "nonsense" }));
  await rejectsWith(20001, 400, triggers.create({ ...good, triggerValue: "lots" }));
  await rejectsWith(21402, 400, triggers.create({ ...good, callbackUrl: "nowhere" }));
  assert.equal(await triggers(trigger.sid).remove(), true);
  await rejectsWith(20404, 404, triggers(trigger.sid).fetch());
});
