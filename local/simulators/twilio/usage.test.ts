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

Deno.test("Usage records count messages, not segments, and their prices by category", async () => {
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
  assert.deepEqual(of("sms"), ["2", "2", "0.03320"]);
  assert.deepEqual(of("sms-outbound"), ["2", "2", "0.03320"]);
  assert.deepEqual(of("sms-outbound-longcode"), ["2", "2", "0.03320"]);
  assert.deepEqual(of("sms-inbound"), ["0", "0", "0.00000"]);
  assert.deepEqual(of("phonenumbers"), ["1", "1", "1.15000"]);
  assert.deepEqual(of("phonenumbers-local"), ["1", "1", "1.15000"]);
  assert.deepEqual(of("calls"), ["0", "0", "0.00000"]);
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
  await fixture.sim("POST", "accounts", { sid: fixture.accountSid, createdAt: "2020-02-29" });
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

/** The prices of an account's daily records on a day, of the categories that are not zero. */
async function pricesOn(client: twilio.Twilio, day: string): Promise<Record<string, string>> {
  const date = new Date(`${day}T00:00:00Z`);
  const records = await client.usage.records.daily.list({ startDate: date, endDate: date, includeSubaccounts: false });
  return Object.fromEntries(
    records.filter(({ price }) => Number(price) !== 0).map(({ category, price }) => [category, String(price)]),
  );
}

const DAY = "2026-03-31";

Deno.test("A failed message costs a fee of its own unless its error is exempt, and deleting a message changes no usage", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  const today = new Date().toISOString().slice(0, 10);
  for (const code of [30001, 30002]) {
    await fixture.sim("POST", "outcomes", { to: MESSAGE.to, status: "failed", errorCode: code });
    const { sid } = await fixture.master.messages.create(MESSAGE);
    await eventually("its end", async () => (await fixture.master.messages(sid).fetch()).status === "failed");
    await fixture.master.messages(sid).remove();
  }
  assert.deepEqual(await pricesOn(fixture.master, today), {
    "failed-message-processing-fee": "0.00100",
    "totalprice": "0.00100",
  });
});

Deno.test("A carrier fee arrives later: it changes the message's price, and usage has it under its own category", async () => {
  await using fixture = await startFixture({
    seedMasterNumbers: false,
    carrierFees: { US: { sms: 0.003 } },
    carrierFeeMs: 100,
  });
  const { sid } = await fixture.master.messages.create(MESSAGE);
  const price = async () => String((await fixture.master.messages(sid).fetch()).price);
  await eventually("its own price", async () => (await price()) === "-0.01660");
  await eventually("its carrier fee", async () => (await price()) === "-0.02260");
  assert.deepEqual(await pricesOn(fixture.master, new Date().toISOString().slice(0, 10)), {
    ...{ "sms": "0.01660", "sms-outbound": "0.01660", "sms-outbound-longcode": "0.01660" },
    "sms-messages-carrierfees": "0.00600",
    "totalprice": "0.02260",
  });
});

Deno.test("A received message is in usage before it has its late price", async () => {
  await using fixture = await startFixture({ inboundPriceMs: 600_000 });
  const [number] = await fixture.master.incomingPhoneNumbers.list();
  const text = { from: "+14155550123", to: number?.phoneNumber, body: "hello" };
  const { messageSid } = await fixture.sim<{ messageSid: string }>("POST", "inbound", text);
  const [record] = await fixture.master.usage.records.today.list({ category: "sms-inbound-longcode" });
  assert.equal(record?.price as unknown, "0.00830");
  assert.equal((await fixture.master.messages(messageSid).fetch()).price, null);
});

Deno.test("A number costs its fee on each anniversary without activity, the last day of a short month too, until its release", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  const tenant = await fixture.subaccount("tenant");
  const { sid } = await tenant.client.incomingPhoneNumbers.create({ areaCode: "415" });
  await fixture.sim("POST", "purchases", { sid, at: "2025-12-31" });
  const feeOn = async (day: string) => (await pricesOn(tenant.client, day))["phonenumbers-local"];
  assert.deepEqual(
    await Promise.all(["2025-12-31", "2026-01-31", "2026-02-28", "2026-03-01", DAY].map(feeOn)),
    ["1.15000", "1.15000", "1.15000", undefined, "1.15000"],
  );
  const year = 366 * 86_400_000;
  const total = async () => (await tenant.client.usage.records.list({ category: "phonenumbers" }))[0]?.count;
  await tenant.client.incomingPhoneNumbers(sid).remove();
  const before = await total();
  await fixture.sim("POST", "settings", { usageClockMs: year });
  assert.equal(await total(), before);
});

Deno.test("A moved number costs its old account until the move, and its new account from then on", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  const tenant = await fixture.subaccount("tenant");
  const { sid } = await tenant.client.incomingPhoneNumbers.create({ areaCode: "415" });
  await fixture.master.api.v2010.accounts(tenant.sid).incomingPhoneNumbers(sid).update({
    accountSid: fixture.accountSid,
  });
  await fixture.sim("POST", "settings", { usageClockMs: 32 * 86_400_000 });
  const countOf = async (accountSid: string) => {
    const { records } = fixture.master.api.v2010.accounts(accountSid).usage;
    return (await records.list({ category: "phonenumbers", includeSubaccounts: false }))[0]?.count;
  };
  assert.deepEqual([await countOf(tenant.sid), await countOf(fixture.accountSid)], ["1", "1"]);
});

Deno.test("A day has what a test gives it: messages, unknown categories, corrections, late changes and an unexplained total", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  const tenant = await fixture.subaccount("tenant");
  const charge = (row: Record<string, unknown>) =>
    fixture.sim("POST", "charges", { accountSid: tenant.sid, at: DAY, ...row });
  const old = { accountSid: tenant.sid, from: "+18005550100", to: "+14155550123", body: "old", at: `${DAY}T08:00:00Z` };
  await fixture.sim("POST", "messages", old);
  await charge({ category: "brand-new-thing", price: "0.123456", count: 3 });
  await charge({ category: "totalprice", price: 1 });
  const before = { ...{ "sms": "0.00830", "sms-outbound": "0.00830", "sms-outbound-tollfree": "0.00830" } };
  assert.deepEqual(await pricesOn(tenant.client, DAY), {
    ...before,
    "brand-new-thing": "0.123456",
    "totalprice": "1.131756",
  });
  await charge({ category: "brand-new-thing", price: "-0.1" });
  await charge({ category: "calls-inbound-local", price: "0.2", visibleInMs: 60_000 });
  assert.equal((await pricesOn(tenant.client, DAY))["totalprice"], "1.031756");
  await fixture.sim("POST", "settings", { usageClockMs: 120_000 });
  const late = await pricesOn(tenant.client, DAY);
  assert.deepEqual([late["brand-new-thing"], late["calls"], late["totalprice"]], ["0.023456", "0.20000", "1.231756"]);
});

Deno.test("A message that moves to another day takes its charges along, and a changed price changes no usage", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  const { sid } = await fixture.master.messages.create(MESSAGE);
  await eventually("its price", async () => (await fixture.master.messages(sid).fetch()).price !== null);
  await fixture.sim("POST", "messages", { sid, at: DAY, price: "-0.02" });
  assert.equal((await pricesOn(fixture.master, DAY))["totalprice"], "0.01660");
  const moved = await fixture.master.messages(sid).fetch();
  assert.deepEqual([moved.price as unknown, moved.dateSent.toISOString().slice(0, 10)], ["-0.02000", DAY]);
});

Deno.test("Usage and prices are in the account's currency", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "accounts", { sid: fixture.accountSid, priceUnit: "eur" });
  const { sid } = await fixture.master.messages.create(MESSAGE);
  await eventually("its price", async () => (await fixture.master.messages(sid).fetch()).price !== null);
  assert.equal((await fixture.master.messages(sid).fetch()).priceUnit, "EUR");
  assert.equal((await fixture.master.usage.records.list({ category: "sms" }))[0]?.priceUnit, "eur");
});

Deno.test("Records of several days are paged: a small and the largest page size list the same rows", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "accounts", { sid: fixture.accountSid, createdAt: "2026-03-01" });
  const range = { startDate: new Date("2026-03-01"), endDate: new Date("2026-03-09") };
  const small = await fixture.master.usage.records.daily.list({ ...range, pageSize: 77 });
  const large = await fixture.master.usage.records.daily.list({ ...range, pageSize: 1000 });
  const keys = (rows: typeof small) => rows.map(({ category, startDate }) => `${category} ${startDate.toISOString()}`);
  assert.ok(large.length > 1000);
  assert.deepEqual(keys(small), keys(large));
  await rejectsWith(20007, 400, fixture.master.usage.records.daily.list({ ...range, pageSize: 1001 }));
});

Deno.test("Usage answers 20404 before the account existed, after it closed, and for an end before the start", async () => {
  await using fixture = await startFixture();
  const tenant = await fixture.subaccount("tenant");
  const { records } = fixture.master.api.v2010.accounts(tenant.sid).usage;
  const [start, end] = [new Date("2026-02-01"), new Date("2026-02-03")];
  await rejectsWith(20404, 404, records.daily.list({ startDate: start, endDate: end }));
  await rejectsWith(20404, 404, records.lastMonth.list());
  await rejectsWith(20404, 404, records.list({ startDate: end, endDate: start }));
  assert.notEqual((await records.daily.list({ startDate: start, limit: 1 })).length, 0);
  await fixture.master.api.v2010.accounts(tenant.sid).update({ status: "closed" });
  await rejectsWith(20404, 404, records.list());
  await rejectsWith(20404, 404, fixture.master.api.v2010.accounts(tenant.sid).usage.triggers.list());
});

Deno.test("A suspended account gets 10001 for its usage, and the parent reads it", async () => {
  await using fixture = await startFixture({ inactiveAccountsRead: true });
  const tenant = await fixture.subaccount("tenant");
  const asParent = fixture.master.api.v2010.accounts(tenant.sid).usage;
  const good = { callbackUrl: "https://example.com/u", triggerValue: "5", usageCategory: "totalprice" } as const;
  const { sid } = await asParent.triggers.create(good);
  await fixture.master.api.v2010.accounts(tenant.sid).update({ status: "suspended" });
  await rejectsWith(10001, 400, tenant.client.usage.records.list());
  await rejectsWith(10001, 400, tenant.client.usage.triggers(sid).remove());
  assert.notEqual((await asParent.records.list()).length, 0);
  assert.equal((await asParent.triggers(sid).update({ friendlyName: "by the parent" })).friendlyName, "by the parent");
});

Deno.test("The names of usage parameters are case-sensitive", async () => {
  await using fixture = await startFixture();
  const tenant = await fixture.subaccount("tenant");
  await sendPriced(tenant.client);
  const authorization = `Basic ${btoa(`${fixture.accountSid}:${fixture.authToken}`)}`;
  const countWith = async (query: string) => {
    const url = `${fixture.url}/2010-04-01/Accounts/${fixture.accountSid}/Usage/Records.json?Category=sms&${query}`;
    return (await (await fetch(url, { headers: { authorization } })).json()).usage_records[0].count;
  };
  assert.equal(await countWith("IncludeSubaccounts=false"), "0");
  assert.equal(await countWith("includeSubaccounts=false"), "1");
});

Deno.test("A usage trigger fires exactly once when its value is reached, signed with its account's token", async () => {
  await using fixture = await startFixture({ triggerIntervalMs: 20 });
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
  const [callback] = await receiver.atLeast(1);
  assert.ok(callback);
  await sendPriced(tenant.client);
  await fixture.sim("POST", "triggers/evaluate");
  assert.equal(receiver.received.length, 1);
  const signature = callback.headers["x-twilio-signature"] ?? "";
  assert.ok(twilio.validateRequest(tenant.authToken, signature, callback.url, callback.params));
  const { DateFired, IdempotencyToken, ...params } = callback.params;
  assert.ok(DateFired && IdempotencyToken);
  assert.equal(
    IdempotencyToken,
    `${tenant.sid}-FIRES-${trigger.sid}-${new Date(DateFired).toISOString().slice(0, 10)}`,
  );
  assert.deepEqual(params, {
    AccountSid: tenant.sid,
    UsageTriggerSid: trigger.sid,
    UsageCategory: "sms",
    UsageRecordUri: `/2010-04-01/Accounts/${tenant.sid}/Usage/Records.json?Category=sms`,
    TriggerBy: "count",
    TriggerValue: "2.000000",
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
  await rejectsWith(20001, 400, triggers.create({ ...good, triggerValue: "0" }));
  await rejectsWith(20001, 400, triggers.create({ ...good, friendlyName: "x".repeat(65) }));
  await rejectsWith(20001, 400, triggers(trigger.sid).update({ friendlyName: "x".repeat(65) }));
  const changed = { FriendlyName: "kept", TriggerValue: "7", UsageCategory: "sms", Recurring: "yearly" };
  const response = await fetch(`${fixture.url}${trigger.uri}`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${fixture.accountSid}:${fixture.authToken}`)}` },
    body: new URLSearchParams(changed),
  });
  const { friendly_name, trigger_value, usage_category, recurring } = await response.json();
  assert.deepEqual([friendly_name, trigger_value, usage_category, recurring], ["kept", "5", "totalprice", "daily"]);
  assert.equal(await triggers(trigger.sid).remove(), true);
  await rejectsWith(20404, 404, triggers(trigger.sid).fetch());
});

Deno.test("An account has at most 1,000 usage triggers", async () => {
  await using fixture = await startFixture();
  const body = new URLSearchParams({ CallbackUrl: "https://example.com/u", TriggerValue: "5", UsageCategory: "sms" });
  const url = `${fixture.url}/2010-04-01/Accounts/${fixture.accountSid}/Usage/Triggers.json`;
  const headers = { authorization: `Basic ${btoa(`${fixture.accountSid}:${fixture.authToken}`)}` };
  for (let count = 0; count < 1000; count++) {
    await (await fetch(url, { method: "POST", headers, body })).body?.cancel();
  }
  const response = await fetch(url, { method: "POST", headers, body });
  assert.deepEqual([response.status, (await response.json()).code], [400, 20001]);
});

Deno.test("A monthly trigger made after its value was reached fires at the next evaluation, once a month, and again in the next", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  await using receiver = await CallbackReceiver.start();
  const charge = { accountSid: fixture.accountSid, category: "calls", price: "12.5" };
  await fixture.sim("POST", "charges", { ...charge, at: new Date().toISOString() });
  const trigger = await fixture.master.usage.triggers.create({
    ...{ usageCategory: "totalprice", triggerBy: "price", triggerValue: "10", recurring: "monthly" },
    callbackUrl: `${receiver.url}/usage`,
  });
  const evaluate = async () => (await fixture.sim<{ fired: string[] }>("POST", "triggers/evaluate")).fired;
  assert.deepEqual(await evaluate(), [trigger.sid]);
  assert.deepEqual(await evaluate(), []);
  const nextMonth = 32 * 86_400_000;
  await fixture.sim("POST", "settings", { usageClockMs: nextMonth });
  assert.deepEqual(await evaluate(), []);
  await fixture.sim("POST", "charges", { ...charge, at: new Date(Date.now() + nextMonth).toISOString() });
  assert.deepEqual(await evaluate(), [trigger.sid]);
  assert.deepEqual(receiver.received.map(({ params }) => params["CurrentValue"]), ["12.5", "12.5"]);
  assert.equal(new Set(receiver.received.map(({ params }) => params["IdempotencyToken"])).size, 2);
});

Deno.test("A trigger is evaluated on late data: a charge that usage does not show yet fires nothing", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false, usageDelayMs: 3_600_000 });
  const { sid } = await fixture.master.usage.triggers.create({
    ...{ usageCategory: "calls", triggerBy: "price", triggerValue: "1", recurring: "monthly" },
    callbackUrl: "http://127.0.0.1:9/usage",
  });
  const at = new Date().toISOString();
  await fixture.sim("POST", "charges", { accountSid: fixture.accountSid, category: "calls", price: 2, at });
  assert.deepEqual(await fixture.sim("POST", "triggers/evaluate"), { fired: [] });
  assert.equal((await fixture.master.usage.triggers(sid).fetch()).currentValue, "0");
});

Deno.test("A trigger's callback is repeated three times after a 5xx with the same token, and a fault loses or doubles it", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  let status = 500;
  await using receiver = await CallbackReceiver.start(() => ({ status }));
  const create = async (triggerValue: string) => {
    const at = new Date().toISOString();
    await fixture.sim("POST", "charges", { accountSid: fixture.accountSid, category: "calls", price: 2, at });
    return await fixture.master.usage.triggers.create({
      ...{ usageCategory: "calls", triggerBy: "price", triggerValue, recurring: "monthly" },
      callbackUrl: `${receiver.url}/usage`,
    });
  };
  await create("1");
  await fixture.sim("POST", "triggers/evaluate");
  assert.equal(receiver.received.length, 4);
  assert.equal(new Set(receiver.received.map(({ params }) => params["IdempotencyToken"])).size, 1);
  status = 200;
  const lost = await create("2");
  await fixture.sim("POST", "faults", { match: "FIRE /Usage/Triggers/*", kind: "callbacks:dropped" });
  await fixture.sim("POST", "triggers/evaluate");
  assert.equal(receiver.received.length, 4);
  assert.ok((await fixture.master.usage.triggers(lost.sid).fetch()).dateFired instanceof Date);
  await create("3");
  await fixture.sim("POST", "faults", { match: "FIRE /Usage/Triggers/*", kind: "callbacks:doubled" });
  await fixture.sim("POST", "triggers/evaluate");
  assert.equal(receiver.received.length, 6);
});

Deno.test("Usage survives a restart, and a state file from before the ledger has the usage of its messages", async () => {
  const stateFile = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.remove(stateFile);
  const smsCount = async (options: { stateFile: string }) => {
    await using fixture = await startFixture(options);
    return (await fixture.master.usage.records.list({ category: "sms" }))[0]?.count;
  };
  try {
    {
      await using fixture = await startFixture({ stateFile });
      await sendPriced(fixture.master);
    }
    assert.equal(await smsCount({ stateFile }), "1");
    const { charges: _, ...older } = JSON.parse(await Deno.readTextFile(stateFile));
    await Deno.writeTextFile(stateFile, JSON.stringify(older));
    assert.equal(await smsCount({ stateFile }), "1");
  } finally {
    await Deno.remove(stateFile);
  }
});
