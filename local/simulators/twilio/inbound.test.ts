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

const GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const CAT = { contentType: "image/gif", content: GIF };

/** The media of a message as the SDK lists them, with the URLs of their files. */
async function mediaOf(
  { fixture, tenant }: { fixture: { url: string }; tenant: { client: twilio.Twilio } },
  messageSid: string,
) {
  const listed = await tenant.client.messages(messageSid).media.list();
  return listed.map(({ uri, contentType }) => ({ url: fixture.url + uri.replace(/\.json$/, ""), contentType }));
}

/** Creates a subaccount with a number whose webhook answers with `answer`. */
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

Deno.test("A text from a handset calls the number's SmsUrl with a signature and is listed as received", async () => {
  await using conversation = await startConversation();
  const result = await conversation.text("Hello there", { media: [CAT] });
  const [callback] = await conversation.receiver.atLeast(1);
  assert.ok(callback);
  const signature = callback.headers["x-twilio-signature"] ?? "";
  assert.ok(twilio.validateRequest(conversation.tenant.authToken, signature, callback.url, callback.params));
  assert.ok(twilio.validateIncomingRequest(
    {
      protocol: "http",
      header: (name: string) => callback.headers[name.toLowerCase()],
      headers: callback.headers,
      originalUrl: new URL(callback.url).pathname + new URL(callback.url).search,
      body: callback.params,
    } as unknown as Parameters<typeof twilio.validateIncomingRequest>[0],
    conversation.tenant.authToken,
  ));
  const [media] = await mediaOf(conversation, result.messageSid);
  const { MessageSid, ...params } = callback.params;
  assert.equal(MessageSid, result.messageSid);
  assert.deepEqual(params, {
    AccountSid: conversation.tenant.sid,
    ApiVersion: "2010-04-01",
    Body: "Hello there",
    From: HANDSET,
    FromCity: "SAN FRANCISCO",
    FromCountry: "US",
    FromState: "CA",
    FromZip: "94103",
    MediaContentType0: "image/gif",
    MediaUrl0: media?.url,
    NumMedia: "1",
    NumSegments: "1",
    SmsMessageSid: result.messageSid,
    SmsSid: result.messageSid,
    SmsStatus: "received",
    To: conversation.number,
    ToCity: "SAN FRANCISCO",
    ToCountry: "US",
    ToState: "CA",
    ToZip: "94103",
  });
  const [message] = await conversation.tenant.client.messages.list({ from: HANDSET });
  assert.equal(message?.sid, result.messageSid);
  assert.equal(message?.direction, "inbound");
  assert.equal(message?.status, "received");
  assert.deepEqual(result.webhook, { status: 200, error: null });
});

Deno.test("A number with SmsMethod GET receives the parameters as a signed query", async () => {
  await using conversation = await startConversation();
  await conversation.tenant.client.incomingPhoneNumbers(conversation.numberSid).update({ smsMethod: "GET" });
  await conversation.text("Hi & bye");
  const [callback] = await conversation.receiver.atLeast(1);
  assert.ok(callback);
  assert.equal(callback.method, "GET");
  assert.equal(new URL(callback.url).searchParams.get("Body"), "Hi & bye");
  assert.equal(new URL(callback.url).searchParams.get("x"), "1");
  const signature = callback.headers["x-twilio-signature"] ?? "";
  assert.ok(twilio.validateRequest(conversation.tenant.authToken, signature, callback.url, {}));
});

Deno.test("The messages in a TwiML response are sent to the handset in order", async () => {
  const twiml = new twilio.twiml.MessagingResponse();
  twiml.message("Fish & chips < 10 €");
  twiml.message("").media("https://example.com/menu.pdf");
  await using conversation = await startConversation({ status: 200, body: twiml.toString() });
  const { replySids } = await conversation.text("Menu?");
  const replies = await Promise.all(replySids.map((sid) => conversation.tenant.client.messages(sid).fetch()));
  assert.deepEqual(replies.map((reply) => reply.body), ["Fish & chips < 10 €", ""]);
  assert.deepEqual(replies.map((reply) => reply.numMedia), ["0", "1"]);
  assert.ok(replies.every((reply) => reply.direction === "outbound-reply" && reply.to === HANDSET));
});

Deno.test("A webhook response that is not TwiML sends no reply and reports error 12100", async () => {
  await using conversation = await startConversation({ status: 200, body: "<html>oops</html>" });
  const result = await conversation.text("Hi");
  assert.match(result.webhook?.error ?? "", /^12100 /);
  assert.deepEqual(result.replySids, []);
});

Deno.test("The SmsFallbackUrl is called with the error when the SmsUrl fails", async () => {
  await using conversation = await startConversation({ status: 500 });
  await using fallback = await CallbackReceiver.start(() => ({ status: 200, body: "<Response/>" }));
  await conversation.tenant.client.incomingPhoneNumbers(conversation.numberSid).update({
    smsFallbackUrl: `${fallback.url}/f`,
  });
  const result = await conversation.text("Hi");
  assert.equal(result.webhook?.status, 200);
  const [callback] = await fallback.atLeast(1);
  assert.equal(callback?.params["ErrorCode"], "11200");
  assert.equal(callback?.params["ErrorUrl"], `${conversation.receiver.url}/inbound/tenant?x=1`);
});

for (const word of ["STOP", " stop ", "Unsubscribe", "END", "revoke", "Arret", "ARRETE", "ARRETT"]) {
  Deno.test(`After "${word}" the number cannot text the handset (21610) until the handset texts START`, async () => {
    await using conversation = await startConversation();
    const message = { from: conversation.number, to: HANDSET, body: "x" };
    await conversation.tenant.client.messages.create(message);
    const { replySids } = await conversation.text(word);
    assert.equal(replySids.length, 1);
    await rejectsWith(21610, 400, conversation.tenant.client.messages.create(message));
    await conversation.tenant.client.messages.create({ ...message, to: "+14155550124" });
    await conversation.text("START");
    await conversation.tenant.client.messages.create(message);
  });
}

Deno.test("A block is lifted by a text of START, UNSTOP or YES alone, and by no other spelling", async () => {
  await using conversation = await startConversation();
  const message = { from: conversation.number, to: HANDSET, body: "x" };
  const send = () => conversation.tenant.client.messages.create(message);
  await conversation.text("STOP");
  for (
    const body of ["Yes 😀", "START!", "start please", "un stop", "un\u017ftop", "ＹＥＳ", "START\u200b", "\u00a0START"]
  ) {
    await conversation.text(body);
    await rejectsWith(21610, 400, send());
  }
  for (const body of [" Yes\n", "unstop", "START"]) {
    await conversation.text("STOP");
    await conversation.text(body);
    await send();
  }
});

Deno.test("A text with a keyword and punctuation is a normal text: Twilio blocks nothing", async () => {
  await using conversation = await startConversation();
  for (const body of ["Stop.", "STOP!", "ARRÊT", "Stop. Thank you", "“STOP”"]) {
    assert.deepEqual((await conversation.text(body)).replySids, []);
    await conversation.tenant.client.messages.create({ from: conversation.number, to: HANDSET, body: "x" });
  }
});

Deno.test("A number of the master account blocks and lifts, and so does a toll-free one, which ignores YES", async () => {
  await using conversation = await startConversation();
  const { fixture } = conversation;
  const local = await fixture.master.incomingPhoneNumbers.create({ areaCode: "415" });
  const [tollFree] = await fixture.master.availablePhoneNumbers("US").tollFree.list({ limit: 1 });
  const free = await fixture.master.incomingPhoneNumbers.create({ phoneNumber: tollFree!.phoneNumber });
  for (const [{ phoneNumber }, isTollFree] of [[local, false], [free, true]] as const) {
    const send = () => fixture.master.messages.create({ from: phoneNumber, to: HANDSET, body: "x" });
    await conversation.text("STOP", { to: phoneNumber });
    await rejectsWith(21610, 400, send());
    await conversation.text("YES", { to: phoneNumber });
    if (isTollFree) await rejectsWith(21610, 400, send());
    await conversation.text("START", { to: phoneNumber });
    await send();
  }
});

Deno.test("After STOP the keyword reply is delivered and a TwiML reply fails with 21610", async () => {
  await using conversation = await startConversation({
    status: 200,
    body: "<Response><Message>Wait!</Message></Response>",
  });
  const { replySids } = await conversation.text("STOP");
  assert.equal(replySids.length, 2);
  const fetched = () => Promise.all(replySids.map((sid) => conversation.tenant.client.messages(sid).fetch()));
  await eventually(
    "both replies to reach a final status",
    async () => (await fetched()).every((one) => !["queued", "sent"].includes(one.status)),
  );
  const [confirmation, reply] = await fetched();
  assert.match(confirmation?.body ?? "", /unsubscribed/);
  assert.equal(confirmation?.status, "delivered");
  assert.deepEqual([reply?.status, reply?.errorCode], ["failed", 21610]);
});

Deno.test("Without keyword handling STOP is a normal text, and all replies are sent", async () => {
  await using conversation = await startConversation({
    status: 200,
    body: "<Response><Message>Goodbye</Message></Response>",
  });
  await conversation.fixture.sim("POST", "settings", { keywordHandling: false });
  const { replySids: [only, ...others] } = await conversation.text("STOP");
  const reply = await conversation.tenant.client.messages(only!).fetch();
  assert.deepEqual([reply.body, others], ["Goodbye", []]);
  const sent = await conversation.tenant.client.messages.create({
    to: HANDSET,
    from: conversation.number,
    body: "Still here",
  });
  assert.equal(sent.errorCode, null);
});

Deno.test("A text that contains a keyword among other words is not an opt-out", async () => {
  await using conversation = await startConversation();
  const { replySids } = await conversation.text("please don't stop");
  assert.deepEqual(replySids, []);
  await conversation.tenant.client.messages.create({ from: conversation.number, to: HANDSET, body: "x" });
});

Deno.test("Inbound webhooks contain OptOutType only with Advanced Opt-Out", async () => {
  await using conversation = await startConversation();
  await conversation.text("STOP");
  await conversation.fixture.sim("POST", "settings", { advancedOptOut: true });
  await conversation.text("START");
  await conversation.text("HELP");
  await conversation.text("hello");
  const types = conversation.receiver.received.map((callback) => callback.params["OptOutType"]);
  assert.deepEqual(types, [undefined, "START", "HELP", undefined]);
});

Deno.test("POST /_sim/inbound answers 404 for a number without owner and 409 for a suspended account", async () => {
  await using conversation = await startConversation();
  await assert.rejects(conversation.text("x", { to: "+14155550177" }), /404/);
  await conversation.fixture.master.api.v2010.accounts(conversation.tenant.sid).update({ status: "suspended" });
  await assert.rejects(conversation.text("x"), /409.*suspended/);
  assert.equal(conversation.receiver.received.length, 0);
});

Deno.test("POST /_sim/inbound answers 400 to unknown fields, invalid numbers and empty texts", async () => {
  await using conversation = await startConversation();
  await assert.rejects(conversation.text("x", { colour: "red" }), /400.*colour/);
  await assert.rejects(conversation.text("x", { from: "nonsense" }), /400.*nonsense/);
  await assert.rejects(conversation.text(""), /400/);
});

Deno.test("readTwiml supports entities, CDATA, several bodies, and a plain text response", () => {
  const read = (body: string, type = "text/xml") => readTwiml(type, body).map((message) => message.body);
  assert.deepEqual(read("<Response><Message>a &amp; b &lt;c&gt; &#233;</Message></Response>"), ["a & b <c> é"]);
  assert.deepEqual(read("<Response><Message><![CDATA[<b>]]></Message></Response>"), ["<b>"]);
  assert.deepEqual(read("<Response><Message><Body>1</Body><Body>2</Body></Message></Response>"), ["12"]);
  assert.deepEqual(read('<?xml version="1.0"?><Response/>'), []);
  assert.deepEqual(read("<Response><Message>007</Message></Response>"), ["007"], "digits stay text");
  assert.deepEqual(read("Thanks!", "text/plain; charset=utf-8"), ["Thanks!"]);
  assert.throws(() => read("<Response><Message>"));
});

/** Requests a URL with or without Basic credentials. A redirect is not followed. */
async function ask(url: string, credentials?: string, range?: string): Promise<Response> {
  return await fetch(url, {
    redirect: "manual",
    headers: {
      ...(credentials === undefined ? {} : { authorization: `Basic ${btoa(credentials)}` }),
      ...(range === undefined ? {} : { range }),
    },
  });
}

Deno.test("The files of a received message are served to their account and its parent only, from another host", async () => {
  await using conversation = await startConversation();
  const { fixture, tenant } = conversation;
  const vic = await fixture.subaccount("vic");
  const { messageSid } = await conversation.text("", {
    media: [CAT, { contentType: "text/vcard", content: btoa("VCARD") }],
  });
  const [gif, card] = await mediaOf(conversation, messageSid);
  const [callback] = await conversation.receiver.atLeast(1);
  assert.deepEqual([callback?.params["MediaUrl0"], callback?.params["MediaUrl1"]], [gif?.url, card?.url]);
  for (const credentials of [undefined, `${tenant.sid}:wrong`, `${vic.sid}:${vic.authToken}`]) {
    const refused = await ask(gif!.url, credentials);
    assert.deepEqual([refused.status, (await refused.json()).code], [401, 20003]);
  }
  for (const credentials of [`${tenant.sid}:${tenant.authToken}`, `${fixture.accountSid}:${fixture.authToken}`]) {
    const redirect = await ask(gif!.url, credentials);
    await redirect.body?.cancel();
    assert.equal(redirect.status, 307);
    const stored = redirect.headers.get("location")!;
    assert.notEqual(new URL(stored).host, new URL(fixture.url).host);
    const file = await ask(stored);
    assert.deepEqual([file.status, file.headers.get("content-type")], [200, "image/gif"]);
    assert.equal(btoa(String.fromCharCode(...new Uint8Array(await file.arrayBuffer()))), GIF);
    const part = await ask(stored, undefined, "bytes=0-2");
    assert.deepEqual([part.status, part.headers.get("content-range"), await part.text()], [206, "bytes 0-2/42", "GIF"]);
    const ranges: [range: string, status: number, contentRange: string | null][] = [
      ["bytes=-2", 206, "bytes 40-41/42"],
      ["bytes=40-", 206, "bytes 40-41/42"],
      ["bytes=-99", 206, "bytes 0-41/42"],
      ["bytes=42-", 416, null],
      ["bytes=5-2", 200, null],
    ];
    for (const [range, status, contentRange] of ranges) {
      const answered = await ask(stored, undefined, range);
      assert.deepEqual([answered.status, answered.headers.get("content-range")], [status, contentRange], range);
      await answered.body?.cancel();
    }
    const forwarded = await ask(stored, credentials);
    assert.deepEqual([forwarded.status, await forwarded.text()], [400, "Only one auth mechanism allowed"]);
    const forged = await ask(stored.replace(/Expires=\d/, "Expires=9"));
    assert.deepEqual([forged.status, await forged.text()], [403, "Access Denied"]);
  }
  const followed = await fetch(card!.url, {
    headers: { authorization: `Basic ${btoa(`${tenant.sid}:${tenant.authToken}`)}` },
  });
  assert.deepEqual([followed.headers.get("content-type"), await followed.text()], ["text/vcard", "VCARD"]);
  const json = await tenant.client.messages(messageSid).media(card!.url.split("/").at(-1)!).fetch();
  assert.deepEqual([json.contentType, json.parentSid], ["text/vcard", messageSid]);
  await json.remove();
  assert.equal((await ask(card!.url, `${tenant.sid}:${tenant.authToken}`)).status, 404);
});

Deno.test("An account without enforced authentication serves media to anyone who has the URL", async () => {
  await using conversation = await startConversation();
  const { messageSid } = await conversation.text("", { media: [CAT] });
  const [gif] = await mediaOf(conversation, messageSid);
  await conversation.fixture.sim("POST", "settings", { mediaAuth: false });
  const file = await fetch(gif!.url);
  assert.deepEqual([file.status, (await file.arrayBuffer()).byteLength], [200, 42]);
});
