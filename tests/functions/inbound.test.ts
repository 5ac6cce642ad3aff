import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { eventually } from "../../local/driver/eventually.ts";
import { ledgerOf } from "../support/ledger.ts";
import { CAT, fileOf } from "../support/media.ts";
import { ownStage, test } from "../support/stage.ts";
import { allow, type Caller, freshRecipient, withNumber } from "../support/tenants.ts";
import { postTwilioCallback } from "../support/webhooks.ts";

/** A fault for incoming texts applies to the next text of any tenant, so this file has its own stack. */
const { stage } = ownStage({});

/** Posts a text as Twilio does. The returned function can be called repeatedly. */
function deliveryOf({ id, authToken, accountSid, number }: Caller, from: string, fields: Record<string, string>) {
  const MessageSid = `SM${randomBytes(16).toString("hex")}`;
  const form = { AccountSid: accountSid, MessageSid, From: from, To: number, NumMedia: "0", ...fields };
  return () => postTwilioCallback(stage.state, { path: `inbound/${id}`, token: authToken, form });
}

const REPLIES = { stopReply: "Goodbye", startReply: 'Welcome <back> & "hello"', helpReply: "Write to help@ada.test" };

async function answering(name: string, replies: Partial<typeof REPLIES> = REPLIES): Promise<Caller> {
  const tenant = await withNumber(stage, name);
  const settings = await tenant.switchboard.messagingSettings();
  await tenant.switchboard.saveMessagingSettings({ ...settings, ...replies });
  return tenant;
}

/** The replies Twilio sent to a handset, its own and those in the webhook's response, oldest first. */
async function repliesTo(
  { accountSid }: Caller,
  handset: string,
): Promise<{ sid: string; body: string; status: string }[]> {
  const messages = await stage.twilio.messagesOf(accountSid);
  return messages.filter(({ to, direction }) => to === handset && direction === "outbound-reply").reverse();
}

/** The tenant's replies in the ledger, once each has a final status. */
async function answersOf(tenant: Caller) {
  return await eventually("every reply to have a final status", async () => {
    const { messages } = await tenant.switchboard.listMessages({ direction: "outbound" });
    return messages.every(({ status }) => status === "delivered" || status === "failed") && messages;
  });
}

/** Turns off Twilio's own handling of keywords, as its support can do. */
async function withoutKeywordHandling(body: () => Promise<void>): Promise<void> {
  await stage.twilio.configure({ keywordHandling: false });
  await body().finally(() => stage.twilio.configure({ keywordHandling: true }));
}

test("a text with media is listed with the content type of each medium", async () => {
  const ada = await withNumber(stage, "ada");
  const from = freshRecipient();
  const { messageSid } = await stage.twilio.inbound({
    from,
    to: ada.number,
    body: "",
    media: [CAT, fileOf("application/pdf", "%PDF")],
  });
  const { messages: [message, ...others] } = await ada.switchboard.listMessages();
  assert.deepEqual(others, []);
  assert.deepEqual([message?.sid, message?.direction, message?.from, message?.to, message?.status], [
    messageSid,
    "inbound",
    from,
    ada.number,
    "received",
  ]);
  assert.deepEqual(message?.media.map(({ contentType }) => contentType), ["image/gif", "application/pdf"]);
});

test("media without a content type from Twilio are listed as octet-stream, and media without a URL are left out", async () => {
  const ada = await withNumber(stage, "ada");
  const fields = {
    NumMedia: "3",
    MediaUrl0: "https://a.test/0",
    MediaUrl2: "https://a.test/2",
    MediaContentType2: "image/png",
  };
  await deliveryOf(ada, freshRecipient(), fields)();
  const { messages } = await ada.switchboard.listMessages();
  const listed = messages.map(({ media }) =>
    media.map(({ url, contentType }) => [new URL(url).searchParams.get("index"), contentType])
  );
  assert.deepEqual(listed, [[["0", "application/octet-stream"], ["1", "image/png"]]]);
});

test("a text delivered many times at once, and again later, is stored once", async () => {
  const ada = await withNumber(stage, "ada");
  const deliver = deliveryOf(ada, freshRecipient(), { Body: "Hello" });
  const answers = await Promise.all(Array.from({ length: 8 }, deliver));
  answers.push(await deliver());
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal((await ada.switchboard.listMessages()).messages.length, 1);
});

test("Twilio replies to keywords itself, and a tenant without settings adds no reply", async () => {
  const ada = await withNumber(stage, "ada");
  const from = freshRecipient();
  for (const body of ["STOP", "START", "HELP"]) await stage.twilio.inbound({ from, to: ada.number, body });
  const replies = await repliesTo(ada, from);
  assert.deepEqual(replies.map(({ body }) => body.slice(0, 26)), [
    "You have successfully been",
    "You have successfully been",
    "Reply STOP to unsubscribe.",
  ]);
  assert.deepEqual((await ledgerOf(stage, ada)).map(({ direction }) => direction), ["inbound", "inbound", "inbound"]);
});

test("a tenant's replies to START and HELP are sent besides Twilio's own, and are in the ledger like other messages", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await stage.twilio.inbound({ from, to: ada.number, body: "STOP" });
  await stage.twilio.inbound({ from, to: ada.number, body: "start" });
  await stage.twilio.inbound({ from, to: ada.number, body: "Info" });
  const sent = (await repliesTo(ada, from)).filter(({ body }) => body !== REPLIES.stopReply);
  const [welcome, help] = [REPLIES.startReply, REPLIES.helpReply].map((text) => sent.find(({ body }) => body === text));
  assert.deepEqual([sent.length, typeof welcome, typeof help], [5, "object", "object"]);
  const answers = await answersOf(ada);
  const delivered = answers.filter(({ status }) => status === "delivered");
  assert.deepEqual(delivered.map(({ sid, body, from, to }) => [sid, body, from, to]), [
    [help!.sid, REPLIES.helpReply, ada.number, from],
    [welcome!.sid, REPLIES.startReply, ada.number, from],
  ]);
});

test("a tenant's reply to STOP is blocked by Twilio: it is failed in the ledger, and the opt-out stays", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await stage.twilio.inbound({ from, to: ada.number, body: "Stop" });
  const [answer, ...others] = await answersOf(ada);
  assert.deepEqual([answer?.status, answer?.errorCode, answer?.body, others], ["failed", 21610, "Goodbye", []]);
  const optOuts = async () => (await ada.data.from("sms_opt_outs").select("recipient, keyword")).data;
  assert.deepEqual(await optOuts(), [{ recipient: from, keyword: "STOP" }]);
  await stage.twilio.inbound({ from, to: ada.number, body: "START" });
  assert.deepEqual(await optOuts(), []);
});

const optOutsOf = async ({ data }: Caller) => {
  const { data: rows } = await data.from("sms_opt_outs").select("sender, recipient, keyword").order("recipient");
  return rows;
};

/** Texts a tenant's number, and holds Twilio's call of the webhook back. The returned function makes that call. */
async function heldBack(
  tenant: Caller,
  from: string,
  body: string,
): Promise<() => ReturnType<typeof postTwilioCallback>> {
  await stage.twilio.fault({ match: "POST /_sim/inbound", kind: "callbacks:dropped" });
  const { messageSid } = await stage.twilio.inbound({ from, to: tenant.number, body });
  return deliveryOf(tenant, from, { Body: body, MessageSid: messageSid });
}

test("a report of a blocked reply that arrives after the START does not restore the opt-out", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await (await heldBack(ada, from, "STOP"))();
  const [row] = (await ledgerOf(stage, ada)).filter(({ direction }) => direction === "outbound");
  await (await heldBack(ada, from, "START"))();
  await postTwilioCallback(stage.state, {
    path: `status/${ada.id}?message=${row!.id}`,
    token: ada.authToken,
    form: {
      AccountSid: ada.accountSid,
      MessageSid: `SM${randomBytes(16).toString("hex")}`,
      MessageStatus: "failed",
      ErrorCode: "21610",
    },
  });
  assert.deepEqual(await optOutsOf(ada), []);
});

test("a START that arrives after a newer STOP lifts nothing, also when it is delivered again", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  const optedOut = [{ sender: ada.number, recipient: from, keyword: "STOP" }];
  await stage.twilio.inbound({ from, to: ada.number, body: "STOP" });
  const start = await heldBack(ada, from, "START");
  await stage.twilio.inbound({ from, to: ada.number, body: "Stop. Thank you" });
  for (const { status, body } of [await start(), await start()]) {
    assert.deepEqual([status, /<Message/.test(body)], [200, false]);
  }
  assert.deepEqual(await optOutsOf(ada), optedOut);
});

test("a START lifts nothing while Twilio has a newer STOP whose webhook has not arrived", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await stage.twilio.inbound({ from, to: ada.number, body: "STOP" });
  const start = await heldBack(ada, from, "START");
  const stop = await heldBack(ada, from, "QUIT");
  await start();
  assert.equal((await optOutsOf(ada))?.length, 1);
  await stop();
  assert.deepEqual((await optOutsOf(ada))?.map(({ keyword }) => keyword), ["QUIT"]);
});

test("a STOP that arrives after a newer START is lifted by it, in any order and at the same time", async () => {
  const ada = await answering("ada");
  for (const order of ["one by one", "at the same time"]) {
    const from = freshRecipient();
    const [stop, start] = [await heldBack(ada, from, "STOP"), await heldBack(ada, from, "START")];
    if (order === "one by one") {
      await start();
      assert.doesNotMatch((await stop()).body, /Goodbye/);
      await stop();
    } else {
      const answers = await Promise.all([start(), stop(), start(), stop()]);
      assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200]);
      await start();
    }
    assert.deepEqual(await optOutsOf(ada), [], order);
  }
});

test("a START is settled by a job when Twilio does not respond to the webhook's look-up, and until then nothing is lifted", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await stage.twilio.inbound({ from, to: ada.number, body: "STOP" });
  const start = await heldBack(ada, from, "START");
  await stage.twilio.fault({ match: `GET /Accounts/${ada.accountSid}/Messages`, kind: "500", times: 3 });
  assert.equal((await start()).status, 200);
  assert.equal((await optOutsOf(ada))?.length, 1);
  const [job] = await stage.database.sql`
    select message from pgmq.q_jobs_messages where message ->> 'kind' = 'settle-start' and message ->> 'userId' = ${ada.id}`;
  await stage.database.enqueue(job!["message"]);
  await eventually("the job to lift the opt-out", async () => (await optOutsOf(ada))?.length === 0);
});

test("YES with an emoji lifts nothing, and YES without an opt-out gets no reply", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await stage.twilio.inbound({ from, to: ada.number, body: "STOP" });
  await stage.twilio.inbound({ from, to: ada.number, body: "Yes 😀" });
  assert.equal((await ada.call("send-sms", { body: { to: from, body: "Hi" } })).body.code, "recipient_opted_out");
  await stage.twilio.inbound({ from, to: ada.number, body: "Yes" });
  await stage.twilio.inbound({ from, to: ada.number, body: "Yes" });
  const welcomes = (await repliesTo(ada, from)).filter(({ body }) => body === REPLIES.startReply);
  assert.equal(welcomes.length, 1);
  await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "YES" });
  assert.equal((await answersOf(ada)).filter(({ body }) => body === REPLIES.startReply).length, 1);
});

test("a second STOP gets no second reply, and a third, with any punctuation, is still an opt-out", async () => {
  const ada = await answering("ada");
  const deliver = (body: string, from: string) => deliveryOf(ada, from, { Body: body })();
  const from = freshRecipient();
  assert.match((await deliver("STOP 🛑", from)).body, /Goodbye/);
  assert.doesNotMatch((await deliver("stop, please", from)).body, /<Message/);
  assert.match((await deliver("ARRÊTE", freshRecipient())).body, /Goodbye/);
  const again = freshRecipient();
  const { stopReply } = REPLIES;
  for (const body of ["START", "STOP", "STOP"]) await stage.twilio.inbound({ from: again, to: ada.number, body });
  assert.equal((await repliesTo(ada, again)).filter(({ body }) => body === stopReply).length, 1);
});

test("with Twilio's keyword handling off, the tenant's reply to STOP is sent, as the only and last message", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await withoutKeywordHandling(async () => {
    await stage.twilio.inbound({ from, to: ada.number, body: "STOP" });
    const [answer] = await answersOf(ada);
    assert.deepEqual([answer?.status, answer?.body], ["delivered", "Goodbye"]);
  });
  assert.deepEqual((await repliesTo(ada, from)).map(({ body }) => body), ["Goodbye"]);
  assert.equal((await ada.call("send-sms", { body: { to: from, body: "Wait!" } })).body.code, "recipient_opted_out");
});

test("a reply is sent once when Twilio delivers the text twice", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await stage.twilio.fault({ match: "POST /_sim/inbound", kind: "callbacks:doubled" });
  await stage.twilio.inbound({ from, to: ada.number, body: "HELP" });
  assert.equal((await stage.twilio.webhooks()).filter(({ url }) => url.includes(`inbound/${ada.id}`)).length, 2);
  assert.equal((await repliesTo(ada, from)).filter(({ body }) => body === REPLIES.helpReply).length, 1);
  assert.equal((await answersOf(ada)).length, 1);
});

test("a text delivered again gets the same reply until Twilio has sent it, and no reply afterwards", async () => {
  const ada = await answering("ada");
  const deliver = deliveryOf(ada, freshRecipient(), { Body: "HELP" });
  const [first, second] = [await deliver(), await deliver()];
  const [row] = (await ledgerOf(stage, ada)).filter(({ direction }) => direction === "outbound");
  assert.equal(row?.status, "reserved");
  assert.match(first.body, new RegExp(`<Message [^>]*message=${row?.id}[^>]*>${REPLIES.helpReply}</Message>`));
  assert.equal(second.body, first.body);
  const MessageSid = `SM${randomBytes(16).toString("hex")}`;
  await postTwilioCallback(stage.state, {
    path: `status/${ada.id}?message=${row?.id}`,
    token: ada.authToken,
    form: { AccountSid: ada.accountSid, MessageSid, MessageStatus: "sent" },
  });
  assert.match((await deliver()).body, /<Response\/>$/);
  const [sent] = (await ledgerOf(stage, ada)).filter(({ direction }) => direction === "outbound");
  assert.deepEqual([sent?.status, sent?.twilio_message_sid], ["sent", MessageSid]);
});

test("a reply Twilio never accepted is not_sent after an hour", async () => {
  const ada = await answering("ada");
  await deliveryOf(ada, freshRecipient(), { Body: "HELP" })();
  await stage.database.age(ada.id, 3700);
  const job = await stage.database.enqueue({ kind: "settle-messages" });
  await eventually("the settling job to be done", async () => {
    return (await stage.database.sql`select from pgmq.q_jobs_control where msg_id = ${job}`).length === 0;
  });
  const statuses = (await ledgerOf(stage, ada)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, ["not_sent", "received"]);
});

test("a stored reply is sent without the characters that XML cannot carry, and not at all when nothing is left", async () => {
  const ada = await answering("ada");
  const reply = async (stored: string) => {
    await stage.database.sql`update public.messaging_settings set help_reply = ${stored} where user_id = ${ada.id}`;
    const { status, body } = await deliveryOf(ada, freshRecipient(), { Body: "HELP" })();
    return [status, /<Message[^>]*>(.*)<\/Message>/s.exec(body)?.[1]];
  };
  assert.deepEqual(await reply("Call\u000b us\u0001\ufffe, 9–17 ☎"), [200, "Call us, 9–17 ☎"]);
  assert.deepEqual(await reply("\u000b"), [200, undefined]);
});

test("a tenant's replies are not sent for another tenant", async () => {
  const [, ben] = [await answering("ada"), await withNumber(stage, "ben")];
  const { body } = await deliveryOf(ben, freshRecipient(), { Body: "HELP" })();
  assert.match(body, /<Response\/>$/);
});

test("HELP from a satellite phone, and HELP past the plan's limit, get no reply, and the ledger says why", async () => {
  const [ada, ben] = [await answering("ada"), await answering("ben")];
  await allow(stage, ben, { daily: 0 });
  const refusedTo = async (tenant: Caller, from: string) => {
    const { status, body } = await deliveryOf(tenant, from, { Body: "HELP" })();
    assert.deepEqual([status, /<Message/.test(body)], [200, false]);
    const { messages } = await tenant.switchboard.listMessages({ direction: "outbound" });
    return messages.map((message) => [message.to, message.status, message.errorMessage]);
  };
  const refused = (to: string, rule: string) => [[to, "refused", `The reply was not sent: ${rule}`]];
  assert.deepEqual(await refusedTo(ada, "+88213300655"), refused("+88213300655", "destination_refused"));
  const from = freshRecipient();
  assert.deepEqual(await refusedTo(ben, from), refused(from, "daily_limit_reached"));
});

test("a text with more words than the keyword is not a keyword", async () => {
  const ada = await answering("ada");
  const { body } = await deliveryOf(ada, freshRecipient(), { Body: "please help" })();
  assert.match(body, /<Response\/>$/);
});
