import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import { assertInvalid, assertRefused } from "../support/answers.ts";
import {
  campaignBecomes,
  campaigner,
  freshRecipients,
  isPaused,
  isSettled,
  sendBulk,
  startCampaign,
} from "../support/campaigning.ts";
import { ledgerOf } from "../support/ledger.ts";
import { sharedStage, test } from "../support/stage.ts";
import { allow, newcomer, provisioned } from "../support/tenants.ts";

const stage = sharedStage();

test("every recipient of the list gets the text made for them once, from the tenant's own account", async () => {
  const ada = await campaigner(stage, "ada");
  const recipients = freshRecipients(60);
  const answer = await ada.call("send-bulk", {
    body: {
      name: "Spring",
      body: "Dear {{name}}, your table is {{ table }}",
      recipients: recipients.map((to, index) => ({ to, variables: { name: `guest ${index}`, table: String(index) } })),
    },
  });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.deepEqual([answer.body.accepted, answer.body.rejected], [60, []]);
  assert.deepEqual([answer.body.campaign.name, answer.body.campaign.from, answer.body.campaign.total], [
    "Spring",
    ada.number,
    60,
  ]);
  const { counts } = await campaignBecomes(ada, answer.body.campaign.id, isSettled);
  assert.deepEqual(counts, { waiting: 0, inFlight: 0, sent: 0, delivered: 60, failed: 0, unknown: 0, skipped: 0 });

  const texts = (await stage.twilio.messagesOf(ada.accountSid)).map(({ to, body, from }) => `${from} ${to} ${body}`);
  assert.deepEqual(
    texts.sort(),
    recipients.map((to, index) => `${ada.number} ${to} Dear guest ${index}, your table is ${index}`).sort(),
  );
});

test("rows that cannot be sent are reported with their index and code; the others are sent", async () => {
  const ada = await campaigner(stage, "ada");
  const [first, second, third] = freshRecipients(3) as [string, string, string];
  const { status, body } = await ada.call("send-bulk", {
    body: {
      body: "Hi {{name}}{{more}}",
      recipients: [
        { to: first, variables: { name: "Ann", more: "!" } },
        { to: "12345", variables: { name: "Bob", more: "!" } },
        { to: `${first.slice(0, 2)} (${first.slice(2, 5)}) ${first.slice(5)}`, variables: { name: "Cid", more: "!" } },
        { to: second, variables: { more: "!" } },
        { to: second, variables: { name: "Dan", more: "x".repeat(1600) } },
        { to: second, variables: { name: "Eve", more: "{{name}}" } },
        { to: third, variables: { name: "Fay", more: "", unused: "is fine" } },
      ],
    },
  });
  assert.equal(status, 202);
  assert.equal(body.accepted, 3);
  assert.deepEqual(body.rejected.map((row: { index: number; code: string }) => [row.index, row.code]), [
    [1, "invalid_recipient"],
    [2, "duplicate_recipient"],
    [3, "missing_variable"],
    [4, "body_too_long"],
  ]);
  await campaignBecomes(ada, body.campaign.id, isSettled);
  const texts = (await ledgerOf(stage, ada)).map((row) => row.body).sort();
  assert.deepEqual(texts, ["Hi Ann!", "Hi Eve{{name}}", "Hi Fay"]);
});

test("a list from a spreadsheet is sent: any column name, national numbers, values of any type, and bad rows left out", async () => {
  const ada = await campaigner(stage, "ada");
  const [first, second] = freshRecipients(2) as [string, string];
  const national = `(${first.slice(2, 5)}) ${first.slice(5, 8)}-${first.slice(8)}`;
  const request = {
    body: "Hi {{First Name}}, {{ Guests (Nr.) }} {guests}",
    defaultCountry: "US",
    from: ada.number.replace(/(....)$/, " $1"),
    recipients: [
      { to: national, variables: { "First Name": "{{x}} $& Ann", "Guests (Nr.)": 4 }, City: "Ulm" },
      { to: second, variables: { "First Name": null, "Guests (Nr.)": 4 } },
      { to: "" },
      { to: `${second}.0`, variables: { "First Name": "Ben", "Guests (Nr.)": 4 } },
      { to: second, variables: { "First Name": "\0", "Guests (Nr.)": 4 } },
      { to: second, variables: { "First Name": "Cid", "Guests (Nr.)": true } },
    ],
  };
  const { status, body } = await ada.call("send-bulk", { body: request, headers: { "idempotency-key": "list" } });
  assert.equal(status, 202, JSON.stringify(body));
  assert.deepEqual(body.rejected.map(({ index, code }: { index: number; code: string }) => [index, code]), [
    [1, "missing_variable"],
    [2, "invalid_recipient"],
    [3, "invalid_recipient"],
    [4, "invalid_text"],
  ]);
  assert.match(body.notice, /ignored: "City"/);
  const same = {
    ...request,
    from: ada.number,
    recipients: request.recipients.with(0, { ...request.recipients[0], to: first }),
  };
  const repeated = await ada.call("send-bulk", { body: same, headers: { "idempotency-key": "list" } });
  assert.deepEqual([repeated.status, repeated.body.campaign.id], [200, body.campaign.id]);
  await campaignBecomes(ada, body.campaign.id, isSettled);
  const texts = (await ledgerOf(stage, ada)).map((row) => row.body).sort();
  assert.deepEqual(texts, ["Hi Cid, true {guests}", "Hi {{x}} $& Ann, 4 {guests}"]);
});

test("a list without a valid recipient is refused, with the reason for each row", async () => {
  const ada = await campaigner(stage, "ada");
  const details = assertRefused(await sendBulk(ada, ["1", "+1"]), [422, "no_valid_recipients"]);
  assert.deepEqual(details.map(({ index, code }) => [index, code]), [[0, "invalid_recipient"], [
    1,
    "invalid_recipient",
  ]]);
});

test("a dry run says what the campaign would do with each recipient, counts segments and cost, and stores nothing", async () => {
  const ada = await campaigner(stage, "ada");
  await stage.database.sql`
    update public.plans set allowed_countries = '{US}', daily_message_limit = 3, segment_price = 0.5 where key = ${`of-${ada.id}`}`;
  await stage.database.sql`select private.learn_currency('USD', 'price_list')`;
  const [foe, ...friends] = freshRecipients(5) as [string, ...string[]];
  await stage.twilio.inbound({ from: foe, to: ada.number, body: "STOP" });
  const list = [friends[0]!, foe, "+18765550123", ...friends.slice(1), "x", friends[0]!];
  const { status, body } = await sendBulk(ada, list, { dryRun: true, body: "😀".repeat(40) });
  assert.deepEqual([status, body.campaign, body.accepted], [200, null, 6]);
  assert.deepEqual(body.rejected.map((row: { index: number; code: string }) => [row.index, row.code]), [
    [6, "invalid_recipient"],
    [7, "duplicate_recipient"],
  ]);
  assert.deepEqual(body.preview, {
    from: ada.number,
    currency: "USD",
    sent: { recipients: 3, segments: 6, estimatedPrice: 3.027 },
    overLimit: { recipients: 1, segments: 2, estimatedPrice: 1.009, limit: "daily_limit_reached" },
    outsideWindow: { recipients: 0, segments: 0, estimatedPrice: 0 },
    windows: [],
    optedOut: 1,
    destinationRefused: 1,
  });
  const short = await sendBulk(ada, friends.slice(0, 2), { dryRun: true, body: "ü".repeat(160) });
  assert.deepEqual(short.body.preview.sent, { recipients: 2, segments: 2, estimatedPrice: 1.009 });
  assert.deepEqual((await ada.call("campaigns")).body.campaigns, []);
  assert.deepEqual((await ledgerOf(stage, ada)).filter(({ direction }) => direction === "outbound"), []);
});

test("a dry run is refused as the campaign would be, and a repeated key does not change its answer", async () => {
  const [ada, ben] = [await campaigner(stage, "ada"), await campaigner(stage, "ben")];
  const dryRun = true;
  assertRefused(await sendBulk(ada, freshRecipients(2), { dryRun, from: ben.number }), [403, "number_not_owned"]);
  assertRefused(await sendBulk(await newcomer(stage, "dora"), freshRecipients(2), { dryRun }), [
    409,
    "subaccount_required",
  ]);
  assertInvalid(await sendBulk(ada, freshRecipients(1), { dryRun, scheduledAt: "2020-01-01T00:00:00Z" }), [
    "scheduledAt",
  ]);
  const recipients = freshRecipients(2);
  assert.equal((await sendBulk(ada, recipients, { dryRun, key: "both" })).body.preview.sent.recipients, 2);
  assert.equal((await sendBulk(ada, recipients, { key: "both" })).status, 202);
  await stage.database.sql`update public.plans set monthly_message_limit = 3 where key = ${`of-${ada.id}`}`;
  assertRefused(await sendBulk(ada, freshRecipients(4), { dryRun }), [409, "too_many_recipients"]);
});

test("fifty concurrent requests with one key create one campaign, and the key is refused for another list", async () => {
  const ada = await campaigner(stage, "ada");
  const recipients = freshRecipients(5);
  const answers = await Promise.all(Array.from({ length: 50 }, () => sendBulk(ada, recipients, { key: "spring" })));
  const ids = new Set(answers.map(({ body }) => body.campaign?.id));
  assert.equal(ids.size, 1, JSON.stringify(answers[0]?.body));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(49).fill(200), 202]);
  assertRefused(await sendBulk(ada, recipients.slice(1), { key: "spring" }), [409, "idempotency_key_reused"]);
  await campaignBecomes(ada, [...ids][0], isSettled);
  assert.equal((await stage.twilio.messagesOf(ada.accountSid)).length, 5);
});

test("ten thousand recipients are accepted at once, and one more is refused", async () => {
  const ada = await campaigner(stage, "ada", { number: 0.01 });
  const recipients = freshRecipients(10_001);
  assertInvalid(await sendBulk(ada, recipients), ["recipients"]);
  const id = await startCampaign(ada, recipients.slice(1));
  const { total } = await campaignBecomes(ada, id, ({ status }) => status === "running");
  assert.equal(total, 10_000);
  assert.equal((await ada.call(`campaigns/${id}/cancel`, { method: "POST" })).status, 200);
});

test("more recipients than the plan's messages of a month, in all campaigns together, are refused with 409", async () => {
  const ada = await campaigner(stage, "ada");
  await stage.database.sql`update public.plans set monthly_message_limit = 10 where key = ${`of-${ada.id}`}`;
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  const id = await startCampaign(ada, freshRecipients(7), { scheduledAt });
  const details = assertRefused(await sendBulk(ada, freshRecipients(4), { scheduledAt }), [409, "too_many_recipients"]);
  assert.deepEqual(details, [{ recipients: 4, limit: 3 }]);
  await startCampaign(ada, freshRecipients(3), { scheduledAt });
  assert.equal((await ada.call(`campaigns/${id}/cancel`, { method: "POST" })).status, 200);
  await startCampaign(ada, freshRecipients(7), { scheduledAt });
});

test("a campaign is refused from another tenant's number, without a number, and through the master account", async () => {
  const [ada, ben] = [await campaigner(stage, "ada"), await campaigner(stage, "ben")];
  assertRefused(await sendBulk(ada, freshRecipients(2), { from: ben.number }), [403, "number_not_owned"]);
  assertRefused(await sendBulk(await provisioned(stage, "cleo"), freshRecipients(2)), [409, "number_required"]);
  assertRefused(await sendBulk(await newcomer(stage, "dora"), freshRecipients(2)), [409, "subaccount_required"]);
});

test("recipients who opted out and recipients in countries outside the plan are skipped, with the reason", async () => {
  const ada = await campaigner(stage, "ada");
  await stage.database.sql`update public.plans set allowed_countries = '{US}' where key = ${`of-${ada.id}`}`;
  const [friend, foe] = freshRecipients(2) as [string, string];
  await stage.twilio.inbound({ from: foe, to: ada.number, body: "STOP" });
  const id = await startCampaign(ada, [foe, friend, "+18765550123"]);
  const { counts } = await campaignBecomes(ada, id, isSettled);
  assert.deepEqual([counts.delivered, counts.skipped], [1, 2]);
  const { body } = await ada.call(`campaigns/${id}/recipients?count=skipped`);
  assert.deepEqual(
    body.recipients.map((row: { to: string; skipReason: string }) => [row.to, row.skipReason]),
    [[foe, "opted_out"], ["+18765550123", "destination_refused"]],
  );
});

test("a campaign stops at the plan's limit, shows the reason, and continues when there is room again", async () => {
  const ada = await campaigner(stage, "ada");
  await stage.database.sql`update public.plans set daily_message_limit = 3 where key = ${`of-${ada.id}`}`;
  const id = await startCampaign(ada, freshRecipients(5));
  const stopped = await campaignBecomes(ada, id, ({ statusReason }) => statusReason === "daily_limit_reached");
  assert.deepEqual([stopped.status, stopped.counts.waiting], ["running", 2]);
  await allowMore(ada.id);
  // The job that met the limit may end only now, and would then wait for ten minutes.
  const nudge = () => stage.database.hurry(ada.id);
  const { counts } = await campaignBecomes(ada, id, isSettled, { nudge });
  assert.equal(counts.delivered, 5);
});

test("recipients wait while the sender's queue is full (21611), and each gets the message once", async () => {
  const ada = await campaigner(stage, "ada");
  const recipients = freshRecipients(6);
  await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Messages`, kind: "error:21611", times: 5 });
  const id = await startCampaign(ada, recipients);
  const { counts } = await campaignBecomes(ada, id, isSettled);
  assert.deepEqual([counts.delivered, counts.failed], [6, 0]);
  const texts = await stage.twilio.messagesOf(ada.accountSid);
  assert.deepEqual(texts.map(({ to }) => to).sort(), recipients.sort());
});

test("a campaign whose sender's queue stays full for twenty attempts is paused as twilio_throttled, and no recipient is lost", async () => {
  const ada = await campaigner(stage, "ada");
  await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Messages`, kind: "error:21611", times: 9 });
  const id = await startCampaign(ada, freshRecipients(4));
  const { sql } = stage.database;
  await eventually(
    "the first attempt",
    async () => (await sql`select from public.campaigns where id = ${id} and failed_batches = 1`).length === 1,
  );
  await sql`update public.campaigns set failed_batches = 19 where id = ${id}`;
  const paused = await campaignBecomes(ada, id, isPaused);
  const { statusReason, twilioErrorCode, counts } = paused;
  assert.deepEqual([statusReason, twilioErrorCode, counts.waiting, counts.failed], ["twilio_throttled", 21611, 4, 0]);
  await stage.twilio.clearFaults();
});

test("a sender that Twilio rejects (21660) pauses the campaign with the reason, and no recipient is lost", async () => {
  const ada = await campaigner(stage, "ada");
  await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Messages`, kind: "error:21660", times: 30 });
  const id = await startCampaign(ada, freshRecipients(30));
  const paused = await campaignBecomes(ada, id, isPaused);
  const { statusReason, twilioErrorCode, counts } = paused;
  assert.deepEqual([statusReason, twilioErrorCode, counts.waiting, counts.failed], ["sender_refused", 21660, 30, 0]);
  const alerts = () =>
    stage.database.sql`
    select details ->> 'twilioCode' as code from public.operator_alerts where subject = ${id} and settled_at is null`;
  assert.deepEqual((await alerts()).map(({ code }) => code), ["21660"]);
  await stage.twilio.clearFaults();
  const resumed = await ada.call(`campaigns/${id}/resume`, { method: "POST" });
  assert.deepEqual([resumed.status, resumed.body.twilioErrorCode], [200, null]);
  assert.equal((await campaignBecomes(ada, id, isSettled)).counts.delivered, 30);
  assert.deepEqual([...await alerts()], []);
});

test("a message that was not delivered because its sender is unregistered (30034) pauses the campaign, and says why", async () => {
  const ada = await campaigner(stage, "ada", { number: 2 });
  const id = await startCampaign(ada, ["+15005530034", ...freshRecipients(9)]);
  const paused = await campaignBecomes(ada, id, isPaused);
  assert.deepEqual([paused.statusReason, paused.twilioErrorCode], ["sender_refused", 30034]);
  assert.ok(paused.counts.waiting >= 6, `${paused.counts.waiting} recipients wait`);
  const failed = (await ledgerOf(stage, ada)).find(({ error_code }) => error_code === 30034);
  assert.equal(
    failed?.error_message,
    "Twilio error 30034: the sender is not registered for A2P 10DLC (https://www.twilio.com/docs/errors/30034)",
  );
});

test("an error without a known meaning pauses the campaign, and its message is not sent again", async () => {
  const ada = await campaigner(stage, "ada");
  await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Messages`, kind: "error:29999", status: 400 });
  const id = await startCampaign(ada, freshRecipients(1));
  const { statusReason, twilioErrorCode, counts } = await campaignBecomes(ada, id, isPaused);
  assert.deepEqual([statusReason, twilioErrorCode, counts.failed], ["twilio_refused", 29999, 1]);
});

async function allowMore(userId: string): Promise<void> {
  await stage.database.sql`update public.plans set daily_message_limit = 100 where key = ${`of-${userId}`}`;
}

test("numbers and accounts keep their send rates, and a slow campaign does not delay another tenant's", async () => {
  const [slow, quick] = await Promise.all([
    campaigner(stage, "slow", { number: 2 }),
    campaigner(stage, "quick"),
  ]);
  const slowId = await startCampaign(slow, freshRecipients(40));
  const quickId = await startCampaign(quick, freshRecipients(40));
  await campaignBecomes(quick, quickId, isSettled);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await slow.call(`campaigns/${slowId}/pause`, { method: "POST" });
  const times = (await stage.database.sql<{ at: number }[]>`
    select extract(epoch from created_at)::float as at from public.sms_messages where campaign_id = ${slowId} order by 1`)
    .map(({ at }) => at);
  assert.ok(times.length >= 3 && times.length < 40, `${times.length} were sent`);
  times.slice(1).forEach((at, index) => assert.ok(at - times[index]! > 0.48, JSON.stringify(times)));
});

test("a time of more than two minutes ago is refused, one of a minute ago means now, and a repeated key gets its answer", async () => {
  const ada = await campaigner(stage, "ada");
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const recipients = freshRecipients(1);
  assertInvalid(await sendBulk(ada, recipients, { scheduledAt: ago(2.1) }), ["scheduledAt"]);
  assertInvalid(await sendBulk(ada, recipients, { scheduledAt: "2020-01-01T00:00:00Z" }), ["scheduledAt"]);
  const scheduledAt = ago(1.8);
  const { status, body } = await sendBulk(ada, recipients, { scheduledAt, key: "late" });
  assert.deepEqual([status, body.campaign.status], [202, "running"]);
  const repeated = await sendBulk(ada, recipients, { scheduledAt, key: "late" });
  assert.deepEqual([repeated.status, repeated.body.campaign.id], [200, body.campaign.id]);
});

test("a scheduled campaign begins when it is due, and not before", async () => {
  const ada = await campaigner(stage, "ada");
  const scheduledAt = new Date(Date.now() + 3_000).toISOString();
  const id = await startCampaign(ada, freshRecipients(2), { scheduledAt });
  assert.equal((await ada.call(`campaigns/${id}`)).body.status, "scheduled");
  const { startedAt } = await campaignBecomes(ada, id, isSettled);
  assert.ok(Date.parse(startedAt) >= Date.parse(scheduledAt), `${startedAt} after ${scheduledAt}`);
  assertInvalid(await sendBulk(ada, freshRecipients(1), { scheduledAt: "2100-01-01T00:00:00Z" }), ["scheduledAt"]);
});

test("a campaign waits for its send window, says so, and a dry run names the first and the last time", async () => {
  const ada = await campaigner(stage, "ada");
  const [hour, two] = [new Date().getUTCHours(), (value: number) => `${String((value + 24) % 24).padStart(2, "0")}:00`];
  const closed = { from: two(hour + 2), to: two(hour + 5), timeZone: "UTC" };
  const { body } = await sendBulk(ada, freshRecipients(2), { dryRun: true, sendWindow: closed });
  assert.deepEqual([body.preview.sent.recipients, body.preview.outsideWindow.recipients], [0, 2]);
  const [{ country, timeZones, opensAt, closesAt }] = body.preview.windows;
  assert.deepEqual([country, timeZones, opensAt.slice(11, 16), closesAt.slice(11, 16)], [
    "US",
    ["UTC"],
    closed.from,
    closed.to,
  ]);
  const waiting = await startCampaign(ada, freshRecipients(2), { sendWindow: closed });
  const { counts, sendWindow } = await campaignBecomes(
    ada,
    waiting,
    ({ statusReason }) => statusReason === "outside_window",
  );
  assert.deepEqual([counts.waiting, sendWindow], [2, closed]);
  const open = { from: two(hour - 1), to: two(hour + 2), timeZone: "UTC" };
  await campaignBecomes(ada, await startCampaign(ada, freshRecipients(2), { sendWindow: open }), isSettled);
  const never = await sendBulk(ada, freshRecipients(1), { sendWindow: { from: "09:00", to: "10:00" } });
  assertInvalid(never, ["sendWindow"]);
  assert.match(never.body.details[0].message, /US/);
});

test("the campaign of a tenant suspended midway stops, and continues after the suspension", async () => {
  // Two seconds between two messages: the suspension comes in between. One in flight would fail with 30002.
  const ada = await campaigner(stage, "ada", { number: 0.5 });
  const id = await startCampaign(ada, freshRecipients(10));
  await campaignBecomes(ada, id, ({ counts }) => counts.delivered > 0 && counts.inFlight + counts.sent === 0);
  await stage.database.hold(ada.id, "suspended");
  const stopped = await campaignBecomes(ada, id, ({ status }) => status === "paused");
  assert.match(stopped.statusReason, /suspended|account_refused/);
  await stage.database.hold(ada.id, null);
  await allow(stage, ada, {}).catch(() => {}); // the tenant has a plan already
  await stage.database.sql`update public.user_twilio_numbers set messages_per_second = 100 where user_id = ${ada.id}`;
  await campaignBecomes(ada, id, () => true);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal((await ada.call(`campaigns/${id}/resume`, { method: "POST" })).status, 200);
  const { counts } = await campaignBecomes(ada, id, isSettled);
  assert.equal(counts.delivered, 10);
});
