import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Answer } from "../../local/driver/actor.ts";
import { assertRefused } from "../support/answers.ts";
import { becomes, ledgerOf } from "../support/ledger.ts";
import { sharedStage, test } from "../support/stage.ts";
import { type Caller, freshRecipient, newcomer, type Tenant, withNumber } from "../support/tenants.ts";
import { postTwilioCallback, type TwilioCallback } from "../support/webhooks.ts";

const stage = sharedStage();

const hex = () => randomBytes(16).toString("hex");
const post = (callback: TwilioCallback) => postTwilioCallback(stage.state, callback);

/** Sends a message whose callbacks are dropped, so that it stays queued. */
interface Underway {
  id: string;
  sid: string;
  to: string;
}

async function underway(tenant: Caller): Promise<Underway> {
  await stage.twilio.fault({ match: `POST /Accounts/${tenant.accountSid}/Messages`, kind: "callbacks:dropped" });
  const to = freshRecipient();
  const { status, body } = await tenant.call("send-sms", { body: { to, body: "Hello" } });
  assert.deepEqual([status, body.status], [201, "queued"], body.message);
  return { id: body.id, sid: body.sid, to };
}

/** A status callback for a message, to the URL the message was sent with. */
function statusCallback(tenant: Tenant, { id, sid, to }: Underway, status: string, more = {}): TwilioCallback {
  return {
    path: `status/${tenant.id}?message=${id}`,
    token: tenant.authToken,
    form: {
      AccountSid: tenant.accountSid,
      ApiVersion: "2010-04-01",
      From: "+14155550100",
      MessageSid: sid,
      MessageStatus: status,
      SmsSid: sid,
      SmsStatus: status,
      To: to,
      ...more,
    },
  };
}

/** A webhook for a text to the tenant's number. */
function inboundText(tenant: Caller, from: string, body: string, more = {}): TwilioCallback {
  const sid = `SM${hex()}`;
  return {
    path: `inbound/${tenant.id}`,
    token: tenant.authToken,
    form: {
      AccountSid: tenant.accountSid,
      ApiVersion: "2010-04-01",
      Body: body,
      From: from,
      FromCity: "",
      FromCountry: "US",
      MessageSid: sid,
      NumMedia: "0",
      NumSegments: "1",
      SmsMessageSid: sid,
      SmsSid: sid,
      SmsStatus: "received",
      To: tenant.number,
      ...more,
    },
  };
}

const statusesOf = async (tenant: Tenant) => (await ledgerOf(stage, tenant)).map(({ status }) => status);

test("a signed status callback updates the message, and the response is empty", async () => {
  const ada = await withNumber(stage, "ada");
  const message = await underway(ada);
  const { status, body } = await post(statusCallback(ada, message, "sent"));
  assert.deepEqual([status, body], [204, ""]);
  assert.deepEqual(await statusesOf(ada), ["sent"]);
  await post(statusCallback(ada, message, "undelivered", { ErrorCode: "30006", NewParameterOfTwilios: "2027" }));
  const [row] = await ledgerOf(stage, ada);
  assert.deepEqual([row?.status, row?.error_code, row?.twilio_message_sid], ["undelivered", 30006, message.sid]);
});

test("a webhook soon after another of its tenant is verified without reading the tokens again", async () => {
  const ada = await withNumber(stage, "ada");
  const message = await underway(ada);
  assert.equal((await post(statusCallback(ada, message, "sent"))).status, 204);
  await stage.database.sql`
    update public.user_preferences set twilio_subaccount_auth_token_encrypted = 'v1.k1.iv.text' where user_id = ${ada.id}`;
  assert.equal((await post(statusCallback(ada, message, "delivered"))).status, 204);
  assert.deepEqual(await statusesOf(ada), ["delivered"]);
});

test("forged webhooks for a tenant do not keep genuine ones from being recorded", async () => {
  const ada = await withNumber(stage, "ada");
  const message = await underway(ada);
  const forged = { ...statusCallback(ada, message, "failed"), token: hex() };
  const answers = await Promise.all(Array.from({ length: 100 }, () => post(forged)));
  for (const answer of answers) assertRefused(answer, [403, "forbidden"]);
  assert.equal((await post(statusCallback(ada, message, "delivered"))).status, 204);
  assert.deepEqual(await statusesOf(ada), ["delivered"]);
});

test("a repeated or late status changes nothing", async () => {
  const ada = await withNumber(stage, "ada");
  const message = await underway(ada);
  for (const status of ["delivered", "delivered", "sent", "queued", "failed", "undelivered"]) {
    assert.equal((await post(statusCallback(ada, message, status))).status, 204);
    assert.deepEqual(await statusesOf(ada), ["delivered"]);
  }
  await post(statusCallback(ada, message, "read"));
  assert.deepEqual(await statusesOf(ada), ["read"]);
});

test("callbacks that arrive together are each recorded, and each answered for itself", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  const messages = [];
  for (const tenant of [ada, ben, ada, ben]) messages.push({ tenant, message: await underway(tenant) });
  const callbacks = messages.flatMap(({ tenant, message }) =>
    ["sent", "sending", "delivered"].map((status) => statusCallback(tenant, message, status))
  );
  const foreign = statusCallback(ben, messages[0]!.message, "failed");
  const answers = await Promise.all([...callbacks, foreign, ...callbacks].map(post));
  assert.deepEqual(answers.map(({ status }) => status), answers.map(() => 204));
  for (const tenant of [ada, ben]) assert.deepEqual(await statusesOf(tenant), ["delivered", "delivered"]);
});

test("a callback that arrives before Twilio's SID is stored finds its message by our id", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Messages`, kind: "drop_before" });
  const to = freshRecipient();
  await ada.call("send-sms", { body: { to, body: "Hello" } });
  const id = (await ledgerOf(stage, ada))[0]!.id;
  const sid = `SM${hex()}`;
  await post(statusCallback(ada, { id, sid, to }, "sent"));
  assert.equal((await becomes(stage, ada, "sent")).twilio_message_sid, sid);
});

/** Invalid callbacks, by what is wrong with them. Ben is another tenant. */
const FORGERIES: Record<string, (genuine: TwilioCallback, ben: Tenant) => TwilioCallback> = {
  "is signed with another tenant's token": (genuine, ben) => ({ ...genuine, token: ben.authToken }),
  "is signed with an unknown token": (genuine) => ({ ...genuine, token: hex() }),
  "has no signature": (genuine) => ({ ...genuine, signed: null }),
  "had a parameter changed": (genuine) => ({
    ...genuine,
    form: { ...genuine.form, To: "+19995550100" },
    signed: { form: genuine.form },
  }),
  "had a parameter added": (genuine) => ({
    ...genuine,
    form: { ...genuine.form, ErrorCode: "30007" },
    signed: { form: genuine.form },
  }),
  "had its address changed": (genuine) => ({
    ...genuine,
    path: `${genuine.path}${genuine.path.includes("?") ? "&" : "?"}x=1`,
    signed: { path: genuine.path },
  }),
  "names another tenant's account": (genuine, ben) => ({
    ...genuine,
    token: ben.authToken,
    form: { ...genuine.form, AccountSid: ben.accountSid },
  }),
  "names no account": ({ form: { AccountSid: _, ...form }, ...genuine }) => ({ ...genuine, form }),
  "names an unknown account": (genuine) => ({ ...genuine, form: { ...genuine.form, AccountSid: `AC${hex()}` } }),
  "was signed for another tenant's path": (genuine, ben) => ({
    ...genuine,
    path: genuine.path.replace(/[0-9a-f-]{36}/, ben.id),
  }),
  "was signed for a user who does not exist": (genuine) => ({
    ...genuine,
    path: genuine.path.replace(/[0-9a-f-]{36}/, crypto.randomUUID()),
  }),
};

/** The response is the same for every reason, so that it reveals nothing. */
function assertForbidden(answer: Answer): void {
  assertRefused(answer, [403, "forbidden"]);
  assert.equal(answer.body.message, "Cannot accept the webhook: its signature is not valid");
  assert.equal(answer.body.details, undefined);
}

for (const [title, forge] of Object.entries(FORGERIES)) {
  test(`a status callback that ${title} is refused with 403 and changes no message`, async () => {
    const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
    const message = await underway(ada);
    assertForbidden(await post(forge(statusCallback(ada, message, "failed"), ben)));
    assert.deepEqual([await statusesOf(ada), await statusesOf(ben)], [["queued"], []]);
  });

  test(`a text that ${title} is refused with 403 and not stored`, async () => {
    const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
    assertForbidden(await post(forge(inboundText(ada, freshRecipient(), "STOP"), ben)));
    assert.deepEqual([await ledgerOf(stage, ada), await ledgerOf(stage, ben)], [[], []]);
    const optOuts = await stage.database.sql`select from public.sms_opt_outs where sender = ${ada.number}`;
    assert.equal(optOuts.length, 0);
  });
}

test("callbacks for a tenant without an account are refused", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), newcomer(stage, "ben")]);
  const genuine = inboundText(ada, freshRecipient(), "Hello");
  assertForbidden(await post({ ...genuine, path: `inbound/${ben.id}` }));
});

test("a signed callback changes no message of another tenant, account or SID", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  const message = await underway(ada);
  const { accountSid, authToken } = stage.state.twilio;
  const strays: TwilioCallback[] = [
    statusCallback(ben, message, "failed"), // Ben's own signature and path, Ada's message
    { ...statusCallback(ada, message, "failed", { AccountSid: accountSid }), token: authToken }, // the master account's
    statusCallback(ada, { ...message, sid: `SM${hex()}` }, "failed"),
    statusCallback(ada, { ...message, id: crypto.randomUUID() }, "failed"),
    statusCallback(ada, message, "teleported"),
    statusCallback(ada, { ...message, sid: "SM1" }, "failed"),
  ];
  for (const stray of strays) {
    assert.equal((await post(stray)).status, 204, JSON.stringify(stray));
    assert.deepEqual([await statusesOf(ada), await statusesOf(ben)], [["queued"], []]);
  }
});

test("a callback without our id finds its message by Twilio's SID", async () => {
  const ada = await withNumber(stage, "ada");
  const message = await underway(ada);
  await post({ ...statusCallback(ada, message, "delivered"), path: `status/${ada.id}` });
  assert.deepEqual(await statusesOf(ada), ["delivered"]);
});

test("callbacks of the master account update the messages sent through it, even when the tenant has an account by now", async () => {
  const ben = await newcomer(stage, "ben");
  const { accountSid, authToken } = stage.state.twilio;
  await stage.twilio.fault({ match: `POST /Accounts/${accountSid}/Messages`, kind: "callbacks:dropped" });
  const to = freshRecipient();
  const { body: { id, sid, source } } = await ben.call("send-sms", { body: { to, body: "Hello" } });
  assert.equal(source, "master");
  await ben.call("provision-subaccount", { method: "POST" });
  await post(statusCallback({ ...ben, accountSid, authToken }, { id, sid, to }, "delivered"));
  assert.deepEqual(await statusesOf({ ...ben, accountSid, authToken }), ["delivered"]);
});

test("a signed text is stored, and the response contains no message", async () => {
  const ada = await withNumber(stage, "ada");
  const from = freshRecipient();
  const media = { NumMedia: "2", MediaUrl0: "https://example.com/0.png", MediaUrl1: "https://example.com/1.png" };
  const text = inboundText(ada, from, "Nice ✓", { ...media, NumSegments: "3" });
  const { status, headers, body } = await post(text);
  assert.deepEqual([status, headers.get("content-type")], [200, "text/xml"]);
  assert.match(body, /^<\?xml version="1.0" encoding="UTF-8"\?><Response\/>$/);
  const { data } = await ada.data.from("sms_messages")
    .select("direction, from_number, to_number, body, media_urls, status, twilio_message_sid, num_segments, source");
  assert.deepEqual(data, [{
    direction: "inbound",
    from_number: from,
    to_number: ada.number,
    body: "Nice ✓",
    media_urls: [media.MediaUrl0, media.MediaUrl1],
    status: "received",
    twilio_message_sid: text.form["MessageSid"],
    num_segments: 3,
    source: "subaccount",
  }]);
});

test("a text delivered twice is stored once", async () => {
  const ada = await withNumber(stage, "ada");
  const text = inboundText(ada, freshRecipient(), "Hello");
  const answers = await Promise.all([post(text), post(text), post(text)]);
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
  assert.equal((await ledgerOf(stage, ada)).length, 1);
});

test("a STOP delivered again after a START does not opt the recipient out again", async () => {
  const ada = await withNumber(stage, "ada");
  const from = freshRecipient();
  const { messageSid } = await stage.twilio.inbound({ from, to: ada.number, body: "STOP" });
  await stage.twilio.inbound({ from, to: ada.number, body: "START" });
  await post(inboundText(ada, from, "STOP", { MessageSid: messageSid }));
  const send = await ada.call("send-sms", { body: { to: from, body: "Hello" } });
  assert.equal(send.status, 201, send.body.message);
});

test("a text with Twilio's OptOutType STOP records an opt-out, for any words", async () => {
  const ada = await withNumber(stage, "ada");
  const from = freshRecipient();
  await post(inboundText(ada, from, "Arrêt", { OptOutType: "STOP" }));
  assertRefused(await ada.call("send-sms", { body: { to: from, body: "Hello" } }), [403, "recipient_opted_out"]);
});

test("a text to the master account is not stored for any tenant", async () => {
  const ada = await withNumber(stage, "ada");
  const { accountSid, authToken } = stage.state.twilio;
  const text = inboundText(ada, freshRecipient(), "STOP", { AccountSid: accountSid });
  assertForbidden(await post({ ...text, token: authToken }));
  assert.deepEqual(await ledgerOf(stage, ada), []);
});

test("a text Postgres cannot store is stored without the unsupported characters", async () => {
  const ada = await withNumber(stage, "ada");
  assert.equal((await post(inboundText(ada, freshRecipient(), "a\0b"))).status, 200);
  assert.deepEqual((await ledgerOf(stage, ada)).map(({ body }) => body), ["a\ufffdb"]);
});

test("a text sent from a handset is stored", async () => {
  const ada = await withNumber(stage, "ada");
  const from = freshRecipient();
  const { messageSid } = await stage.twilio.inbound({ from, to: ada.number, body: "Hello from a handset" });
  const [row] = await ledgerOf(stage, ada);
  assert.deepEqual([row?.from_number, row?.body, row?.twilio_message_sid], [from, "Hello from a handset", messageSid]);
});
