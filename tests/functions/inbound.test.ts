import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { eventually } from "../../local/driver/eventually.ts";
import { ledgerOf } from "../support/ledger.ts";
import { ownStage, test } from "../support/stage.ts";
import { type Caller, freshRecipient, withNumber } from "../support/tenants.ts";
import { postTwilioCallback } from "../support/webhooks.ts";

/** Faults of a text meet the next one, whoever's it is: nobody else's may come in between. */
const { stage } = ownStage({});

/** What Twilio hands over of a text, as often as one likes. */
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

/** What Twilio sent to a handset by itself or because the webhook's answer said so, oldest first. */
async function repliesTo(
  { accountSid }: Caller,
  handset: string,
): Promise<{ sid: string; body: string; status: string }[]> {
  const messages = await stage.twilio.messagesOf(accountSid);
  return messages.filter(({ to, direction }) => to === handset && direction === "outbound-reply").reverse();
}

/** The tenant's answers in the ledger, once they have come to their end. */
async function answersOf(tenant: Caller) {
  return await eventually("the answers to have come to their end", async () => {
    const { messages } = await tenant.switchboard.listMessages({ direction: "outbound" });
    return messages.every(({ status }) => status === "delivered" || status === "failed") && messages;
  });
}

/** Lets Twilio leave keywords to us, as its support can arrange. */
async function withoutKeywordHandling(body: () => Promise<void>): Promise<void> {
  await stage.twilio.configure({ keywordHandling: false });
  await body().finally(() => stage.twilio.configure({ keywordHandling: true }));
}

test("a text with media is listed with what each of them is", async () => {
  const ada = await withNumber(stage, "ada");
  const from = freshRecipient();
  const mediaUrls = ["https://example.com/cat.gif", "https://example.com/menu.pdf"];
  const { messageSid } = await stage.twilio.inbound({ from, to: ada.number, body: "", mediaUrls });
  const { messages: [message, ...others] } = await ada.switchboard.listMessages();
  assert.deepEqual(others, []);
  assert.deepEqual([message?.sid, message?.direction, message?.from, message?.to, message?.status], [
    messageSid,
    "inbound",
    from,
    ada.number,
    "received",
  ]);
  assert.deepEqual(message?.media, [
    { url: mediaUrls[0], contentType: "image/gif" },
    { url: mediaUrls[1], contentType: "application/pdf" },
  ]);
});

test("media of which Twilio does not say what they are are told as bytes, and a place without a URL is left out", async () => {
  const ada = await withNumber(stage, "ada");
  const fields = {
    NumMedia: "3",
    MediaUrl0: "https://a.test/0",
    MediaUrl2: "https://a.test/2",
    MediaContentType2: "image/png",
  };
  await deliveryOf(ada, freshRecipient(), fields)();
  const { messages } = await ada.switchboard.listMessages();
  assert.deepEqual(messages.map(({ media }) => media), [[
    { url: "https://a.test/0", contentType: "application/octet-stream" },
    { url: "https://a.test/2", contentType: "image/png" },
  ]]);
});

test("a text that comes many times at once, and again later, is stored once", async () => {
  const ada = await withNumber(stage, "ada");
  const deliver = deliveryOf(ada, freshRecipient(), { Body: "Hello" });
  const answers = await Promise.all(Array.from({ length: 8 }, deliver));
  answers.push(await deliver());
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal((await ada.switchboard.listMessages()).messages.length, 1);
});

test("Twilio answers keywords by itself, and a tenant who has set nothing adds nothing to it", async () => {
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

test("a tenant's answers to START and HELP go out besides Twilio's own, and are in the ledger like any message", async () => {
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

test("an answer to STOP is blocked by Twilio, which has answered itself: it is failed in the ledger, and the STOP stands", async () => {
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

test("word of a blocked answer that comes after the START does not bring the STOP back", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await deliveryOf(ada, from, { Body: "STOP" })();
  const [row] = (await ledgerOf(stage, ada)).filter(({ direction }) => direction === "outbound");
  await deliveryOf(ada, from, { Body: "START" })();
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
  assert.deepEqual((await ada.data.from("sms_opt_outs").select()).data, []);
});

test("where Twilio leaves keywords to us, the answer to STOP goes out, is the only one, and the last", async () => {
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

test("an answer goes out once though its text is handed over twice", async () => {
  const ada = await answering("ada");
  const from = freshRecipient();
  await stage.twilio.fault({ match: "POST /_sim/inbound", kind: "callbacks:doubled" });
  await stage.twilio.inbound({ from, to: ada.number, body: "HELP" });
  assert.equal((await stage.twilio.webhooks()).filter(({ url }) => url.includes(`inbound/${ada.id}`)).length, 2);
  assert.equal((await repliesTo(ada, from)).filter(({ body }) => body === REPLIES.helpReply).length, 1);
  assert.equal((await answersOf(ada)).length, 1);
});

test("whoever hears the answer again before Twilio has sent it hears the same one, and silence afterwards", async () => {
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

test("an answer that Twilio never took is not sent, an hour later", async () => {
  const ada = await answering("ada");
  await deliveryOf(ada, freshRecipient(), { Body: "HELP" })();
  await stage.database.age(ada.id, 3700);
  const job = await stage.database.enqueue({ kind: "settle-messages" });
  await eventually("the job that settles to be done", async () => {
    return (await stage.database.sql`select from pgmq.q_jobs where msg_id = ${job}`).length === 0;
  });
  const statuses = (await ledgerOf(stage, ada)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, ["not_sent", "received"]);
});

test("answers are the tenant's alone: a neighbour of theirs stays silent", async () => {
  const [, ben] = [await answering("ada"), await withNumber(stage, "ben")];
  const { body } = await deliveryOf(ben, freshRecipient(), { Body: "HELP" })();
  assert.match(body, /<Response\/>$/);
});

test("text around a keyword makes it none", async () => {
  const ada = await answering("ada");
  const { body } = await deliveryOf(ada, freshRecipient(), { Body: "please help" })();
  assert.match(body, /<Response\/>$/);
});
