import assert from "node:assert/strict";
import twilio from "twilio";
import { CallbackReceiver, type ReceiverAnswer } from "../../../tests/support/twilio/callback-receiver.ts";
import { rejectsWith } from "../../../tests/support/twilio/rest-error.ts";
import { startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";
import { eventually } from "../../driver/eventually.ts";
import { readTwiml } from "./twiml.ts";

const HANDSET = "+14155550123";

interface InboundResult {
  messageSid: string;
  webhook: { status: number | null; error: string | null } | null;
  replySids: string[];
}

/** A subaccount with a number whose texts go to a receiver that answers with `answer`. */
async function startConversation(answer: ReceiverAnswer = { status: 200, body: "<Response/>" }) {
  const fixture = await startFixture();
  const receiver = await CallbackReceiver.start(() => answer);
  const tenant = await fixture.subaccount("tenant");
  const number = await tenant.client.incomingPhoneNumbers.create({
    areaCode: "415",
    smsUrl: `${receiver.url}/inbound/tenant?x=1`,
  });
  return {
    ...{ fixture, receiver, tenant, number: number.phoneNumber, numberSid: number.sid },
    text: (body: string, more: Record<string, unknown> = {}) =>
      fixture.sim<InboundResult>("POST", "inbound", { from: HANDSET, to: number.phoneNumber, body, ...more }),
    async [Symbol.asyncDispose]() {
      await receiver[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a text from a handset reaches the number's SmsUrl, signed, and is listed as received", async () => {
  await using talk = await startConversation();
  const result = await talk.text("Hello there", { mediaUrls: ["https://example.com/cat.gif"] });
  const [callback] = await talk.receiver.atLeast(1);
  assert.ok(callback);
  const signature = callback.headers["x-twilio-signature"] ?? "";
  assert.ok(twilio.validateRequest(talk.tenant.authToken, signature, callback.url, callback.params));
  assert.ok(twilio.validateIncomingRequest(
    {
      protocol: "http",
      header: (name: string) => callback.headers[name.toLowerCase()],
      headers: callback.headers,
      originalUrl: new URL(callback.url).pathname + new URL(callback.url).search,
      body: callback.params,
    } as unknown as Parameters<typeof twilio.validateIncomingRequest>[0],
    talk.tenant.authToken,
  ));
  const { MessageSid, ...params } = callback.params;
  assert.equal(MessageSid, result.messageSid);
  assert.deepEqual(params, {
    AccountSid: talk.tenant.sid,
    ApiVersion: "2010-04-01",
    Body: "Hello there",
    From: HANDSET,
    FromCity: "SAN FRANCISCO",
    FromCountry: "US",
    FromState: "CA",
    FromZip: "94103",
    MediaContentType0: "image/gif",
    MediaUrl0: "https://example.com/cat.gif",
    NumMedia: "1",
    NumSegments: "1",
    SmsMessageSid: result.messageSid,
    SmsSid: result.messageSid,
    SmsStatus: "received",
    To: talk.number,
    ToCity: "SAN FRANCISCO",
    ToCountry: "US",
    ToState: "CA",
    ToZip: "94103",
  });
  const [message] = await talk.tenant.client.messages.list({ from: HANDSET });
  assert.equal(message?.sid, result.messageSid);
  assert.equal(message?.direction, "inbound");
  assert.equal(message?.status, "received");
  assert.deepEqual(result.webhook, { status: 200, error: null });
});

Deno.test("a number whose SmsMethod is GET is called with a signed query", async () => {
  await using talk = await startConversation();
  await talk.tenant.client.incomingPhoneNumbers(talk.numberSid).update({ smsMethod: "GET" });
  await talk.text("Hi & bye");
  const [callback] = await talk.receiver.atLeast(1);
  assert.ok(callback);
  assert.equal(callback.method, "GET");
  assert.equal(new URL(callback.url).searchParams.get("Body"), "Hi & bye");
  assert.equal(new URL(callback.url).searchParams.get("x"), "1");
  const signature = callback.headers["x-twilio-signature"] ?? "";
  assert.ok(twilio.validateRequest(talk.tenant.authToken, signature, callback.url, {}));
});

Deno.test("the messages of a TwiML answer are sent back to the handset, in order", async () => {
  const twiml = new twilio.twiml.MessagingResponse();
  twiml.message("Fish & chips < 10 €");
  twiml.message("").media("https://example.com/menu.pdf");
  await using talk = await startConversation({ status: 200, body: twiml.toString() });
  const { replySids } = await talk.text("Menu?");
  const replies = await Promise.all(replySids.map((sid) => talk.tenant.client.messages(sid).fetch()));
  assert.deepEqual(replies.map((reply) => reply.body), ["Fish & chips < 10 €", ""]);
  assert.deepEqual(replies.map((reply) => reply.numMedia), ["0", "1"]);
  assert.ok(replies.every((reply) => reply.direction === "outbound-reply" && reply.to === HANDSET));
});

Deno.test("an answer that is no TwiML sends nothing and says 12100", async () => {
  await using talk = await startConversation({ status: 200, body: "<html>oops</html>" });
  const result = await talk.text("Hi");
  assert.match(result.webhook?.error ?? "", /^12100 /);
  assert.deepEqual(result.replySids, []);
});

Deno.test("when the SmsUrl fails, the fallback is called and told so", async () => {
  await using talk = await startConversation({ status: 500 });
  await using fallback = await CallbackReceiver.start(() => ({ status: 200, body: "<Response/>" }));
  await talk.tenant.client.incomingPhoneNumbers(talk.numberSid).update({ smsFallbackUrl: `${fallback.url}/f` });
  const result = await talk.text("Hi");
  assert.equal(result.webhook?.status, 200);
  const [callback] = await fallback.atLeast(1);
  assert.equal(callback?.params["ErrorCode"], "11200");
  assert.equal(callback?.params["ErrorUrl"], `${talk.receiver.url}/inbound/tenant?x=1`);
});

for (const word of ["STOP", " stop ", "Unsubscribe", "END", "revoke"]) {
  Deno.test(`after "${word}" that number cannot text the handset (21610) until it texts START`, async () => {
    await using talk = await startConversation();
    const message = { from: talk.number, to: HANDSET, body: "x" };
    await talk.tenant.client.messages.create(message);
    const { replySids } = await talk.text(word);
    assert.equal(replySids.length, 1);
    await rejectsWith(21610, 400, talk.tenant.client.messages.create(message));
    await talk.tenant.client.messages.create({ ...message, to: "+14155550124" });
    await talk.text("START");
    await talk.tenant.client.messages.create(message);
  });
}

Deno.test("the confirmation of STOP is delivered, a TwiML answer to it is not", async () => {
  await using talk = await startConversation({ status: 200, body: "<Response><Message>Wait!</Message></Response>" });
  const { replySids } = await talk.text("STOP");
  assert.equal(replySids.length, 2);
  const fetched = () => Promise.all(replySids.map((sid) => talk.tenant.client.messages(sid).fetch()));
  await eventually(
    "both to settle",
    async () => (await fetched()).every((one) => !["queued", "sent"].includes(one.status)),
  );
  const [confirmation, answer] = await fetched();
  assert.match(confirmation?.body ?? "", /unsubscribed/);
  assert.equal(confirmation?.status, "delivered");
  assert.deepEqual([answer?.status, answer?.errorCode], ["failed", 21610]);
});

Deno.test("with the handling of keywords off they are texts like any other, and every answer goes out", async () => {
  await using talk = await startConversation({ status: 200, body: "<Response><Message>Goodbye</Message></Response>" });
  await talk.fixture.sim("POST", "settings", { keywordHandling: false });
  const { replySids: [only, ...others] } = await talk.text("STOP");
  const reply = await talk.tenant.client.messages(only!).fetch();
  assert.deepEqual([reply.body, others], ["Goodbye", []]);
  const sent = await talk.tenant.client.messages.create({ to: HANDSET, from: talk.number, body: "Still here" });
  assert.equal(sent.errorCode, null);
});

Deno.test("a text that only contains a keyword changes nothing", async () => {
  await using talk = await startConversation();
  const { replySids } = await talk.text("please don't stop");
  assert.deepEqual(replySids, []);
  await talk.tenant.client.messages.create({ from: talk.number, to: HANDSET, body: "x" });
});

Deno.test("OptOutType comes along only with Advanced Opt-Out", async () => {
  await using talk = await startConversation();
  await talk.text("STOP");
  await talk.fixture.sim("POST", "settings", { advancedOptOut: true });
  await talk.text("START");
  await talk.text("HELP");
  await talk.text("hello");
  const types = talk.receiver.received.map((callback) => callback.params["OptOutType"]);
  assert.deepEqual(types, [undefined, "START", "HELP", undefined]);
});

Deno.test("a text to a number nobody holds, or whose account is suspended, reaches no one", async () => {
  await using talk = await startConversation();
  await assert.rejects(talk.text("x", { to: "+14155550177" }), /404/);
  await talk.fixture.master.api.v2010.accounts(talk.tenant.sid).update({ status: "suspended" });
  await assert.rejects(talk.text("x"), /409.*suspended/);
  assert.equal(talk.receiver.received.length, 0);
});

Deno.test("inbound requests are strict: unknown fields, bad numbers and empty texts are named", async () => {
  await using talk = await startConversation();
  await assert.rejects(talk.text("x", { colour: "red" }), /400.*colour/);
  await assert.rejects(talk.text("x", { from: "nobody" }), /400.*nobody/);
  await assert.rejects(talk.text(""), /400/);
});

Deno.test("TwiML is read with entities, CDATA, several bodies, and plain text as a message", () => {
  const read = (body: string, type = "text/xml") => readTwiml(type, body).map((message) => message.body);
  assert.deepEqual(read("<Response><Message>a &amp; b &lt;c&gt; &#233;</Message></Response>"), ["a & b <c> é"]);
  assert.deepEqual(read("<Response><Message><![CDATA[<b>]]></Message></Response>"), ["<b>"]);
  assert.deepEqual(read("<Response><Message><Body>1</Body><Body>2</Body></Message></Response>"), ["12"]);
  assert.deepEqual(read('<?xml version="1.0"?><Response/>'), []);
  assert.deepEqual(read("<Response><Message>007</Message></Response>"), ["007"], "digits stay text");
  assert.deepEqual(read("Thanks!", "text/plain; charset=utf-8"), ["Thanks!"]);
  assert.throws(() => read("<Response><Message>"));
});
