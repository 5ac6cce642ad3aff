import assert from "node:assert/strict";
import { assertRefused } from "../support/answers.ts";
import { ledgerOf, sendsTo, textsTo } from "../support/ledger.ts";
import { sharedStage, test } from "../support/stage.ts";
import { type Caller, freshRecipient, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

interface Message {
  to: string;
  body?: string;
  from?: string;
  mediaUrls?: string[];
}

const send = (tenant: Caller, message: Message, key?: string) =>
  tenant.call("send-sms", { body: message, headers: { ...(key !== undefined && { "idempotency-key": key }) } });

test("fifty concurrent requests with one key send one message, and every response has its id", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(ada, { to, body: "Hello" }, "one-key")));
  assert.equal((await textsTo(stage, ada.accountSid, to)).length, 1);
  assert.equal((await sendsTo(stage, to)).length, 1);
  const [row, ...others] = await ledgerOf(stage, ada);
  assert.deepEqual(others, []);
  const [created] = answers.filter(({ status }) => status === 201);
  assert.equal(created?.body.sid, row?.twilio_message_sid);
  for (const { status, headers, body } of answers) {
    assert.equal(body.id, row?.id);
    if (status !== 201) assert.deepEqual([status, headers.get("idempotent-replayed")], [200, "true"]);
  }
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
});

test("a repeated request returns the message it sent, with its current status", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  const first = await send(ada, { to, body: "Hello ✓" }, "key");
  const again = await send(ada, { to, body: "Hello ✓" }, "key");
  assert.deepEqual([again.status, again.headers.get("idempotent-replayed")], [200, "true"]);
  assert.deepEqual({ ...again.body, status: "" }, { ...first.body, status: "" });
  assert.equal(again.body.encoding, "UCS-2");
});

test("send-sms answers 409 when the key was used for another message", async () => {
  const ada = await withNumber(stage, "ada");
  const message = { to: freshRecipient(), body: "Hello" };
  assert.equal((await send(ada, message, "key")).status, 201);
  const others: Message[] = [
    { ...message, body: "hello" },
    { ...message, to: freshRecipient() },
    { ...message, from: ada.number },
    { ...message, mediaUrls: ["https://example.com/a.png"] },
  ];
  for (const other of others) assertRefused(await send(ada, other, "key"), [409, "idempotency_key_reused"]);
  assert.equal((await stage.twilio.messagesOf(ada.accountSid)).length, 1);
});

test("a key belongs to one tenant: another tenant's same key sends another message", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  const to = freshRecipient();
  const answers = [await send(ada, { to, body: "Hello" }, "key"), await send(ben, { to, body: "Other" }, "key")];
  assert.deepEqual(answers.map(({ status }) => status), [201, 201]);
});

test("without a key every request sends its own message", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  const answers = [await send(ada, { to, body: "Hello" }), await send(ada, { to, body: "Hello" })];
  assert.deepEqual(answers.map(({ status }) => status), [201, 201]);
  assert.equal((await textsTo(stage, ada.accountSid, to)).length, 2);
});

test("a request refused before it reached Twilio leaves its key free", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  assertRefused(await send(ada, { to, body: "x".repeat(1601) }, "key"), [422, "body_too_long"]);
  assertRefused(await send(ada, { to, body: "Hello", from: "+14155550100" }, "key"), [403, "number_not_owned"]);
  assert.equal((await send(ada, { to, body: "Hello" }, "key")).status, 201);
});
