import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { eventually } from "../../local/driver/eventually.ts";
import type { Actor } from "../../local/driver/actor.ts";
import { assertRefused } from "../support/answers.ts";
import { campaignBecomes, campaigner, freshRecipients, isSettled } from "../support/campaigning.ts";
import { CAT } from "../support/media.ts";
import { wrote } from "../support/past-messages.ts";
import { becomes, ledgerOf } from "../support/ledger.ts";
import { sharedStage, test } from "../support/stage.ts";
import { type Caller, freshNumber, freshRecipient, newcomer, quiescence, withNumber } from "../support/tenants.ts";
import { postTwilioCallback } from "../support/webhooks.ts";

const stage = sharedStage();

const MEDIA = "https://example.com/cat.gif";

/** Sends a message and waits for its delivery. Returns its ids. */
async function delivered(tenant: Caller): Promise<{ id: string; sid: string }> {
  const { id, sid } = await tenant.switchboard.sendSms({ to: freshRecipient(), body: "My secret", mediaUrls: [MEDIA] });
  await eventually("the message to be delivered", async () => {
    return (await ledgerOf(stage, tenant)).some((row) => row.id === id && row.status === "delivered");
  });
  return { id, sid: sid! };
}

/** What Twilio still has of a message: its text and the number of its media. */
async function atTwilio({ accountSid }: Caller, sid: string): Promise<[string, number]> {
  const path = `/Accounts/${accountSid}/Messages/${sid}`;
  const [{ body }, { media_list: media }] = await Promise.all([
    stage.twilio.get(`${path}.json`),
    stage.twilio.get(`${path}/Media.json`),
  ]);
  return [body, media.length];
}

/** What the database has of a message: its text, the number of its media, and whether it is marked as redacted. */
async function here({ switchboard }: Actor, messageId: string): Promise<[string | null, number, boolean]> {
  for await (const { id, body, media, redactedAt } of switchboard.everyMessage()) {
    if (id === messageId) return [body, media.length, redactedAt !== null];
  }
  return assert.fail("the message was deleted");
}

const KEPT: [string, number, boolean] = ["My secret", 1, false];
const GONE = [null, 0, true];

async function doJob(kind: string): Promise<void> {
  const job = await stage.database.enqueue({ kind });
  await eventually(`the job ${kind} to be done`, async () => {
    return (await stage.database.sql`select from private.jobs where msg_id = ${job} and message ->> 'kind' = ${kind}`)
      .length === 0;
  });
}

test("the text and media of a sent message are deleted at Twilio and in the database, and its other fields stay", async () => {
  const ada = await withNumber(stage, "ada");
  const { id, sid } = await delivered(ada);
  const { messages: [before] } = await ada.switchboard.listMessages();
  assert.deepEqual([await atTwilio(ada, sid), await here(ada, id)], [["My secret", 1], KEPT]);
  const answer = await ada.call("redact-message", { body: { messageId: id } });
  assert.equal(answer.status, 200, answer.body.message);
  assert.deepEqual(await atTwilio(ada, sid), ["", 0]);
  const { messages: [after] } = await ada.switchboard.listMessages();
  assert.deepEqual(after, { ...before, body: null, media: [], redactedAt: after?.redactedAt });
  assert.ok(Math.abs(Date.parse(answer.body.redactedAt) - Date.parse(after!.redactedAt!)) < 1_000);
  assert.deepEqual((await ada.switchboard.listMessages({ search: "secret" })).messages, []);
  assert.equal((await ada.switchboard.listConversations()).conversations[0]?.lastMessage.body, null);
  const lines = await stage.database.sql`
    select actor from public.audit_log where user_id = ${ada.id} and action = 'message.redaction_requested'`;
  assert.deepEqual(lines.map(({ actor }) => actor), [`user:${ada.id}`]);
});

test("a received text is deleted like a sent one, and stays deleted when Twilio delivers it again", async () => {
  const ada = await withNumber(stage, "ada");
  const from = freshRecipient();
  const { messageSid } = await stage.twilio.inbound({ from, to: ada.number, body: "My secret", media: [CAT] });
  const [row] = await ledgerOf(stage, ada);
  await ada.switchboard.redactMessage({ messageId: row!.id });
  assert.deepEqual([await atTwilio(ada, messageSid), await here(ada, row!.id)], [["", 0], GONE]);
  await postTwilioCallback(stage.state, {
    path: `inbound/${ada.id}`,
    token: ada.authToken,
    form: { AccountSid: ada.accountSid, MessageSid: messageSid, From: from, To: ada.number, Body: "My secret" },
  });
  assert.deepEqual(await here(ada, row!.id), GONE);
});

test("repeated and concurrent requests get the same response, and Twilio is not asked again", async () => {
  const ada = await withNumber(stage, "ada");
  const { id: messageId, sid } = await delivered(ada);
  const answers = await Promise.all([1, 2, 3].map(() => ada.switchboard.redactMessage({ messageId })));
  assert.ok(answers.every(({ redactedAt }) => redactedAt !== null), JSON.stringify(answers));
  const asked = async () =>
    (await stage.twilio.requests()).filter(({ path, method }) => method === "POST" && path.includes(sid));
  const before = (await asked()).length;
  const first = await ada.switchboard.redactMessage({ messageId });
  assert.deepEqual(await ada.switchboard.redactMessage({ messageId }), first);
  assert.equal((await asked()).length, before);
  await quiescence(stage, ada);
  assert.deepEqual(await here(ada, messageId), GONE);
});

test("another tenant's message is 404, like one that does not exist, and is not changed", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  const { id: messageId, sid } = await delivered(ada);
  for (const id of [messageId, crypto.randomUUID()]) {
    assertRefused(await ben.call("redact-message", { body: { messageId: id } }), [404, "not_found"]);
  }
  assert.deepEqual([await atTwilio(ada, sid), await here(ada, messageId)], [["My secret", 1], KEPT]);
});

test("a message in flight is redacted as soon as it has a final status", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Messages`, kind: "callbacks:dropped" });
  const { id, sid } = await ada.switchboard.sendSms({ to: freshRecipient(), body: "My secret", mediaUrls: [MEDIA] });
  const answer = await ada.call("redact-message", { body: { messageId: id } });
  assert.deepEqual([answer.status, answer.body], [202, { id, redactedAt: null }]);
  await stage.database.hurry(ada.id);
  assert.deepEqual([await here(ada, id), (await atTwilio(ada, sid!))[0]], [KEPT, "My secret"]);
  await eventually("the message to be delivered at Twilio", async () => {
    return (await stage.twilio.messagesOf(ada.accountSid))[0]?.status === "delivered";
  });
  await stage.database.age(ada.id, 150);
  await doJob("refresh-messages");
  await quiescence(stage, ada);
  assert.deepEqual([await atTwilio(ada, sid!), await here(ada, id)], [["", 0], GONE]);
});

test("a message with a final status here but not at Twilio waits for Twilio", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.twilio.configure({ lifecycle: { sentMs: 1_500, deliveredMs: 1_600, priceMs: 1_700 } });
  const { id, sid } = await ada.switchboard.sendSms({ to: freshRecipient(), body: "My secret", mediaUrls: [MEDIA] })
    .finally(() => stage.twilio.configure({ lifecycle: { sentMs: 50, deliveredMs: 150, priceMs: 300 } }));
  await postTwilioCallback(stage.state, {
    path: `status/${ada.id}?message=${id}`,
    token: ada.authToken,
    form: { AccountSid: ada.accountSid, MessageSid: sid!, MessageStatus: "delivered" },
  });
  const answer = await ada.call("redact-message", { body: { messageId: id } });
  assert.deepEqual([answer.status, await here(ada, id)], [202, KEPT]);
  await quiescence(stage, ada);
  assert.deepEqual([await atTwilio(ada, sid!), await here(ada, id)], [["", 0], GONE]);
});

const TROUBLES: Record<string, Record<string, unknown>> = {
  "answers 503": { kind: "503" },
  "breaks the connection": { kind: "drop_before" },
  "throttles the request": { kind: "429", retryAfter: 0, times: 3 },
};

for (const [title, fault] of Object.entries(TROUBLES)) {
  test(`when Twilio ${title}, the response is 202, and the job redacts the message`, async () => {
    const ada = await withNumber(stage, "ada");
    const { id, sid } = await delivered(ada);
    await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Messages/*`, ...fault });
    assert.equal((await ada.call("redact-message", { body: { messageId: id } })).status, 202);
    assert.deepEqual([await atTwilio(ada, sid), await here(ada, id)], [["My secret", 1], KEPT]);
    await quiescence(stage, ada);
    assert.deepEqual([await atTwilio(ada, sid), await here(ada, id)], [["", 0], GONE]);
  });
}

test("media that could not be deleted together with the text are deleted by the job", async () => {
  const ada = await withNumber(stage, "ada");
  const { id, sid } = await delivered(ada);
  await stage.twilio.fault({ match: `DELETE /Accounts/${ada.accountSid}/Messages/*/Media/*`, kind: "500" });
  assert.equal((await ada.call("redact-message", { body: { messageId: id } })).status, 202);
  assert.deepEqual([await atTwilio(ada, sid), await here(ada, id)], [["", 1], KEPT]);
  await quiescence(stage, ada);
  assert.deepEqual([await atTwilio(ada, sid), await here(ada, id)], [["", 0], GONE]);
});

test("a message that is not at Twilio is redacted in the database", async () => {
  const ada = await withNumber(stage, "ada");
  assertRefused(await ada.call("send-sms", { body: { to: ada.number, body: "My secret" } }), [422, "twilio_refused"]);
  const [refused] = await ledgerOf(stage, ada);
  assert.ok((await ada.switchboard.redactMessage({ messageId: refused!.id })).redactedAt);
  const { id, sid } = await delivered(ada);
  const { twilio } = stage.state;
  const gone = await fetch(`${twilio.url}/2010-04-01/Accounts/${ada.accountSid}/Messages/${sid}.json`, {
    method: "DELETE",
    headers: { authorization: `Basic ${btoa(`${twilio.accountSid}:${twilio.authToken}`)}` },
  });
  assert.equal(gone.status, 204);
  assert.ok((await ada.switchboard.redactMessage({ messageId: id })).redactedAt);
  assert.deepEqual(await here(ada, id), GONE);
});

test("the text of a message with an unknown outcome is kept until the message is settled, then deleted in both places", async () => {
  const ada = await withNumber(stage, "ada");
  for (const kind of ["drop_after_commit", "callbacks:dropped"]) {
    await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Messages`, kind });
  }
  const to = freshRecipient();
  await ada.call("send-sms", { body: { to, body: "My secret", mediaUrls: [MEDIA] } });
  const row = await becomes(stage, ada, "unknown");
  assert.equal((await ada.call("redact-message", { body: { messageId: row.id } })).status, 202);
  await stage.database.hurry(ada.id);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.deepEqual(await here(ada, row.id), KEPT);
  await stage.database.age(ada.id, 60);
  await doJob("settle-messages");
  await quiescence(stage, ada);
  const sid = (await becomes(stage, ada, "delivered")).twilio_message_sid;
  assert.deepEqual([await atTwilio(ada, sid!), await here(ada, row.id)], [["", 0], GONE]);
});

test("the text of a message that never settles is deleted in the database after two days", async () => {
  const ada = await withNumber(stage, "ada");
  const [messageId] = await wrote(stage, ada, ada.number, [{
    with: freshRecipient(),
    direction: "outbound",
    status: "unknown",
  }]);
  await stage.database.sql`update public.sms_messages set account_sid = ${ada.accountSid} where id = ${messageId!}`;
  assert.equal((await ada.switchboard.redactMessage({ messageId: messageId! })).redactedAt, null);
  await stage.database.age(ada.id, 2 * 86_400);
  await quiescence(stage, ada);
  assert.deepEqual(await here(ada, messageId!), GONE);
});

test("a text sent through the master account is deleted there", async () => {
  const ben = await newcomer(stage, "ben");
  const { id, sid, source } = await ben.switchboard.sendSms({ to: freshRecipient(), body: "My secret" });
  assert.equal(source, "master");
  await becomes(stage, ben, "delivered");
  await ben.switchboard.redactMessage({ messageId: id });
  const { body } = await stage.twilio.get(`/Accounts/${stage.state.twilio.accountSid}/Messages/${sid}.json`);
  assert.deepEqual([body, (await here(ben, id))[0]], ["", null]);
});

test("redaction waits while a tenant is suspended, and happens at once for a closed tenant", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  const [hers, his] = [await delivered(ada), await delivered(ben)];
  await stage.database.hold(ada.id, "suspended");
  await stage.database.hold(ben.id, "closed");
  await Promise.all([quiescence(stage, ada), quiescence(stage, ben)]);
  assert.equal((await ada.switchboard.redactMessage({ messageId: hers.id })).redactedAt, null);
  await ben.switchboard.redactMessage({ messageId: his.id });
  await quiescence(stage, ben);
  assert.deepEqual(await here(ben, his.id), GONE);
  assert.deepEqual(await here(ada, hers.id), KEPT);
  await stage.database.hold(ada.id, null);
  await quiescence(stage, ada);
  assert.deepEqual([await atTwilio(ada, hers.sid), await here(ada, hers.id)], [["", 0], GONE]);
});

test("the text made for a recipient of a campaign is deleted with the message", async () => {
  const ada = await campaigner(stage, "ada");
  const recipients = freshRecipients(2).map((to) => ({ to, variables: { secret: "My secret" } }));
  const started = await ada.call("send-bulk", { body: { body: "It is {{secret}}", recipients } });
  const campaignId: string = started.body.campaign.id;
  await campaignBecomes(ada, campaignId, isSettled);
  const { messages: [message] } = await ada.switchboard.listMessages({ campaignId, limit: 1 });
  await ada.switchboard.redactMessage({ messageId: message!.id });
  const kept = await stage.database.sql<{ message_id: string; secret: string | null }[]>`
    select message_id, variables ->> 'secret' as secret from private.campaign_recipients where campaign_id = ${campaignId}`;
  assert.deepEqual(kept.map((row) => [row.message_id === message!.id, row.secret]).sort(), [[false, "My secret"], [
    true,
    null,
  ]]);
});

const DAY = 86_400;

async function keepFor(tenant: Actor, retentionDays: number | null): Promise<void> {
  const settings = await tenant.switchboard.messagingSettings();
  await tenant.switchboard.saveMessagingSettings({ ...settings, retentionDays });
}

test("texts older than the tenant's retention are deleted at Twilio and in the database, and newer ones stay", async () => {
  const ada = await withNumber(stage, "ada");
  const [sent, received] = [await delivered(ada), freshRecipient()];
  const { messageSid } = await stage.twilio.inbound({
    from: received,
    to: ada.number,
    body: "My secret",
    media: [CAT],
  });
  const old = (await ledgerOf(stage, ada)).map(({ id }) => id);
  await stage.database.age(ada.id, 7 * DAY + 60);
  const [border] = await wrote(stage, ada, ada.number, [{ with: received, ago: 7 * DAY - 600 }]);
  const young = await delivered(ada);
  await keepFor(ada, 7);
  await doJob("redact-old-messages");
  await quiescence(stage, ada);
  for (const id of old) assert.deepEqual(await here(ada, id), GONE);
  for (const sid of [sent.sid, messageSid]) assert.deepEqual(await atTwilio(ada, sid), ["", 0]);
  assert.deepEqual(await here(ada, border!), ["Hello", 0, false]);
  assert.deepEqual([await atTwilio(ada, young.sid), await here(ada, young.id)], [["My secret", 1], KEPT]);
  const [line] = await stage.database.sql`
    select details from public.audit_log where user_id = ${ada.id} and actor = 'retention'`;
  assert.deepEqual(line?.["details"], { messages: 2, olderThanDays: 7 });
});

test("a tenant's retention applies to their own texts only, and no longer once it is removed", async () => {
  const [ada, ben] = [await newcomer(stage, "ada"), await newcomer(stage, "ben")];
  const [hers] = await wrote(stage, ada, freshNumber(), [{ with: freshRecipient(), ago: 400 * DAY }]);
  const [his] = await wrote(stage, ben, freshNumber(), [{ with: freshRecipient(), ago: 400 * DAY }]);
  await keepFor(ada, 1);
  await keepFor(ben, 1);
  await keepFor(ben, null);
  await doJob("redact-old-messages");
  await quiescence(stage, ada);
  assert.equal((await here(ada, hers!))[0], null);
  assert.equal((await here(ben, his!))[0], "Hello");
});

test("more than a hundred old texts are deleted by one job, and no job is left", async () => {
  const ada = await newcomer(stage, "ada");
  await wrote(stage, ada, freshNumber(), Array.from({ length: 120 }, () => ({ with: freshRecipient(), ago: 3 * DAY })));
  await keepFor(ada, 2);
  await doJob("redact-old-messages");
  await quiescence(stage, ada);
  assert.deepEqual((await ledgerOf(stage, ada)).filter(({ body }) => body !== null), []);
});

test("a message whose SID is unknown at Twilio is redacted in the database", async () => {
  const ada = await withNumber(stage, "ada");
  const [messageId] = await wrote(stage, ada, ada.number, [{ with: freshRecipient() }]);
  await stage.database.sql`
    update public.sms_messages set twilio_message_sid = ${`SM${
    randomBytes(16).toString("hex")
  }`}, account_sid = ${ada.accountSid}
    where id = ${messageId!}`;
  assert.ok((await ada.switchboard.redactMessage({ messageId: messageId! })).redactedAt);
});
