import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { freshNumber, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";
import { postTwilioCallback } from "../support/webhooks.ts";

const stage = sharedStage();

test("opt-outs in any notation are added once, bind the tenant's senders, and are listed newest first", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  const [one, two] = [freshRecipient(), freshRecipient()];
  const spaced = `${one.slice(0, 2)} (${one.slice(2, 5)}) ${one.slice(5, 8)}-${one.slice(8)}`;
  const wish = {
    source: "imported" as const,
    optOuts: [
      { recipient: spaced, optedOutAt: "2026-01-02T03:04:05+02:00", name: "an unknown column" },
      { recipient: two, from: ada.number, optedOutAt: "2026-01-01T00:00:00Z" },
    ],
  };
  assert.deepEqual(await ada.switchboard.addOptOuts(wish), { added: 2, known: 0, rejected: [] });
  assert.deepEqual(await ada.switchboard.addOptOuts(wish), { added: 0, known: 2, rejected: [] });
  const national = { optOuts: [{ recipient: one.slice(2) }], defaultCountry: "US" };
  assert.deepEqual(await ada.switchboard.addOptOuts(national), { added: 0, known: 1, rejected: [] });
  for (const to of [one, two]) {
    assertRefused(await ada.call("send-sms", { body: { to, body: "Hi" } }), [403, "recipient_opted_out"]);
    assert.equal((await ben.call("send-sms", { body: { to, body: "Hi" } })).status, 201);
  }
  const { optOuts } = await ada.switchboard.optOuts();
  const imported = { source: "imported", keyword: null };
  assert.deepEqual(optOuts.map(({ id: _, ...row }) => row), [
    { recipient: one, from: null, ...imported, optedOutAt: "2026-01-02T01:04:05.000Z" },
    { recipient: two, from: ada.number, ...imported, optedOutAt: "2026-01-01T00:00:00.000Z" },
  ]);
  assert.deepEqual(await ben.switchboard.optOuts(), { optOuts: [], next: null });
});

test("rows that cannot be stored are rejected, each with its position and reason", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  const good = freshRecipient();
  const { added, rejected } = await ada.switchboard.addOptOuts({
    optOuts: [
      { recipient: "" },
      { recipient: good },
      { recipient: 4915123456789 },
      { recipient: good, from: "Ada" },
      { recipient: good, from: ben.number },
      { recipient: good, optedOutAt: "yesterday" },
      { recipient: good, optedOutAt: "2999-01-01T00:00:00Z" },
      { recipient: good, optedOutAt: "1999-12-31T00:00:00Z" },
      {},
      { recipient: good, optedOutAt: 45_000 as unknown as string },
      { recipient: "+1\0" },
      "+14155550100" as never,
    ],
  });
  assert.equal(added, 1);
  assert.deepEqual(rejected.map(({ index, code }) => [index, code]), [
    [0, "invalid_recipient"],
    [2, "invalid_recipient"],
    [3, "invalid_sender"],
    [4, "number_not_owned"],
    [5, "invalid_time"],
    [6, "invalid_time"],
    [7, "invalid_time"],
    [8, "invalid_recipient"],
    [9, "invalid_time"],
    [10, "invalid_recipient"],
    [11, "invalid_row"],
  ]);
});

test("an opt-out that a tenant added is deleted by the recipient's START, and by nothing else", async () => {
  const ada = await withNumber(stage, "ada");
  const from = freshRecipient();
  await ada.switchboard.addOptOuts({ optOuts: [{ recipient: from }] });
  await stage.twilio.inbound({ from, to: ada.number, body: "Yes 😀" });
  assert.equal((await ada.switchboard.optOuts()).optOuts.length, 1);
  assertRefused(await ada.call("opt-outs", { method: "DELETE" }), [405, "method_not_allowed"]);
  await stage.twilio.inbound({ from, to: ada.number, body: "Start" });
  assert.deepEqual((await ada.switchboard.optOuts()).optOuts, []);
  assert.equal((await ada.call("send-sms", { body: { to: from, body: "Hi" } })).status, 201);
});

test("opt-outs are listed by page and by filter, and exported as CSV, received ones with the recipient's word", async () => {
  const ada = await withNumber(stage, "ada");
  const recipients = Array.from({ length: 5 }, freshRecipient);
  await ada.switchboard.addOptOuts({ optOuts: recipients.map((recipient) => ({ recipient })) });
  const from = freshRecipient();
  await stage.twilio.inbound({ from, to: ada.number, body: "Stop, please" });
  const paged = await Array.fromAsync(ada.switchboard.everyOptOut({ limit: 2 }));
  assert.deepEqual(paged.map(({ recipient }) => recipient).sort(), [...recipients, from].sort());
  const only = async (query: Parameters<typeof ada.switchboard.optOuts>[0]) =>
    (await ada.switchboard.optOuts(query)).optOuts.map(({ recipient, keyword }) => [recipient, keyword]);
  assert.deepEqual(await only({ source: "received" }), [[from, "STOP"]]);
  assert.deepEqual(await only({ from: ada.number }), [[from, "STOP"]]);
  assert.deepEqual(await only({ recipient: `${recipients[0]!.slice(0, 5)} ${recipients[0]!.slice(5)}` }), [[
    recipients[0],
    null,
  ]]);
  const [head, first, ...others] = (await ada.switchboard.exportOptOuts()).split("\r\n");
  assert.equal(head, "recipient,from,source,keyword,optedOutAt");
  assert.match(first!, new RegExp(`^\\${from},\\${ada.number},received,STOP,2`));
  assert.equal(others.length, 6);
});

/** The number of the master account that the stack offers, once its webhook is set. */
async function sharedNumber(): Promise<{ phoneNumber: string; sid: string }> {
  const { accountSid } = stage.state.twilio;
  await stage.database.enqueue({ kind: "refresh-master-numbers" });
  return await eventually("the shared number to have our webhook", async () => {
    const offered = await stage.database.sql`select phone_sid from private.master_numbers where is_offered`;
    const sids = offered.map((row) => row["phone_sid"]);
    const number = (await stage.twilio.numbersOf(accountSid)).find(({ sid }) => sids.includes(sid));
    return number?.sms_url?.includes("/inbound/master") && { phoneNumber: number.phone_number, sid: number.sid };
  });
}

test("STOP to a shared number binds every tenant and is stored without its text, and START lifts it, also Twilio's block", async () => {
  const { phoneNumber } = await sharedNumber();
  const [ada, ben] = await Promise.all([newcomer(stage, "ada"), newcomer(stage, "ben")]);
  const from = freshRecipient();
  await ada.switchboard.addOptOuts({ optOuts: [{ recipient: from, from: phoneNumber }] });
  const send = async (tenant: typeof ada) => (await tenant.call("send-sms", { body: { to: from, body: "Hi" } })).body;
  assert.equal((await send(ada)).code, "recipient_opted_out");
  assert.equal((await send(ben)).source, "master");
  await stage.twilio.inbound({ from, to: phoneNumber, body: "Please do not text me about secrets" });
  await stage.twilio.inbound({ from, to: phoneNumber, body: "STOP" });
  assert.equal((await send(ben)).code, "recipient_opted_out");
  assert.deepEqual((await ben.switchboard.optOuts()).optOuts, []);
  await stage.twilio.inbound({ from, to: phoneNumber, body: "START" });
  for (const tenant of [ada, ben]) assert.equal((await send(tenant)).source, "master");
  assert.equal((await stage.database.sql`select from public.sms_messages where from_number = ${from}`).length, 0);
});

test("inbound/master refuses a message that the master account did not sign, and one of another account", async () => {
  const ada = await withNumber(stage, "ada");
  const { phoneNumber } = await sharedNumber();
  const { accountSid, authToken } = stage.state.twilio;
  const from = freshRecipient();
  const form = {
    AccountSid: accountSid,
    MessageSid: `SM${randomBytes(16).toString("hex")}`,
    From: from,
    To: phoneNumber,
    Body: "STOP",
  };
  const post = (token: string, more = {}) =>
    postTwilioCallback(stage.state, { path: "inbound/master", token, form: { ...form, ...more } });
  assertRefused(await post(ada.authToken), [403, "forbidden"]);
  assertRefused(await post(ada.authToken, { AccountSid: ada.accountSid }), [403, "forbidden"]);
  assert.equal((await stage.database.sql`select from public.sms_opt_outs where recipient = ${from}`).length, 0);
  const { status, body } = await post(authToken);
  assert.deepEqual([status, /<Response\/>$/.test(body)], [200, true]);
  assert.equal((await stage.database.sql`select from public.sms_opt_outs where recipient = ${from}`).length, 1);
  assert.equal((await post(authToken, { To: freshNumber() })).status, 200);
});

test("the refresh leaves a foreign webhook of a shared number alone, and replaces one of ours", async () => {
  const { sid } = await sharedNumber();
  const { accountSid } = stage.state.twilio;
  const path = `/Accounts/${accountSid}/IncomingPhoneNumbers/${sid}.json`;
  const set = (SmsUrl: string) => stage.twilio.post(path, { SmsUrl });
  const url = async () => (await stage.twilio.get(path)).sms_url;
  const refreshed = async () => {
    const [{ now }] = await stage.database.sql`select clock_timestamp() as now` as [{ now: Date }];
    await stage.database.enqueue({ kind: "refresh-master-numbers" });
    await eventually("the refresh to be done", async () => {
      const newer = await stage.database
        .sql`select from private.master_numbers where phone_sid = ${sid} and refreshed_at > ${now}`;
      return newer.length > 0;
    });
  };
  await set("https://other.example/sms");
  await refreshed();
  assert.equal(await url(), "https://other.example/sms");
  await set(`${stage.state.apiUrl}/functions/v1/twilio-webhook/inbound/${crypto.randomUUID()}`);
  await sharedNumber();
});
