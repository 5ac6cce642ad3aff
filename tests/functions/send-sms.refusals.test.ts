import assert from "node:assert/strict";
import { assertRefused } from "../support/answers.ts";
import { ledgerOf, sendsTo } from "../support/ledger.ts";
import { sharedStage, test } from "../support/stage.ts";
import { allow, type Caller, freshNumber, freshRecipient, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

interface TwilioRejection {
  to?: string;
  from?: string;
  twilioCode: number;
  refused: [status: number, code: string];
}

/** Twilio's magic numbers and our error for each. Source: https://www.twilio.com/docs/iam/test-credentials */
const REFUSALS: Record<string, TwilioRejection> = {
  "a recipient that is not valid": { to: "+15005550001", twilioCode: 21211, refused: [422, "invalid_recipient"] },
  "a recipient that cannot be reached": { to: "+15005550002", twilioCode: 21612, refused: [422, "invalid_recipient"] },
  "a country that is not enabled": { to: "+15005550003", twilioCode: 21408, refused: [403, "destination_not_enabled"] },
  "an opted-out recipient": { to: "+15005550004", twilioCode: 21610, refused: [403, "recipient_opted_out"] },
  "a recipient that is not a mobile number": {
    to: "+15005550009",
    twilioCode: 21614,
    refused: [422, "invalid_recipient"],
  },
  "a sender that is not valid": { from: "+15005550001", twilioCode: 21212, refused: [422, "invalid_sender"] },
  "a sender that is not a number of the account": {
    from: "+15005550007",
    twilioCode: 21606,
    refused: [422, "invalid_sender"],
  },
};

async function assertRefusedByTwilio(
  ada: Caller,
  to: string,
  { from, twilioCode, refused }: TwilioRejection,
): Promise<void> {
  const message = { body: { to, body: "Hello", from }, headers: { "idempotency-key": crypto.randomUUID() } };
  const before = (await sendsTo(stage, to)).length; // all tests share the magic numbers
  const answer = await ada.call("send-sms", message);
  const expected = { twilioCode, twilioStatus: 400, moreInfo: `https://www.twilio.com/docs/errors/${twilioCode}` };
  assert.deepEqual(assertRefused(answer, refused), [expected]);
  const [row, ...others] = await ledgerOf(stage, ada);
  assert.deepEqual([row?.status, row?.error_code, row?.twilio_message_sid, others], ["refused", twilioCode, null, []]);

  const replayed = await ada.call("send-sms", message);
  assert.deepEqual(assertRefused(replayed, refused), [expected]);
  assert.equal(replayed.body.message, answer.body.message);
  assert.equal((await sendsTo(stage, to)).length, before + 1);
  await stage.database.sql`delete from public.sms_messages where user_id = ${ada.id}`;
}

for (const [title, refusal] of Object.entries(REFUSALS)) {
  test(`${title} (${refusal.twilioCode}) is refused as ${refusal.refused.join(" ")}, also when repeated with the same key`, async () => {
    const ada = await withNumber(stage, "ada");
    if (refusal.from === undefined) return await assertRefusedByTwilio(ada, refusal.to!, refusal);
    await stage.database.sql`
      insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, account_sid)
      values (${ada.id}, ${refusal.from}, ${`PN${crypto.randomUUID()}`}, ${ada.accountSid})`;
    try {
      await assertRefusedByTwilio(ada, freshRecipient(), refusal);
    } finally {
      await stage.database.sql`delete from public.user_twilio_numbers where phone_number = ${refusal.from}`;
    }
  });
}

test("an unverified recipient of a trial account (21608) is refused as 422 invalid_recipient", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.twilio.configure({ trialVerifiedNumbers: [] });
  try {
    await assertRefusedByTwilio(ada, freshRecipient(), { twilioCode: 21608, refused: [422, "invalid_recipient"] });
  } finally {
    await stage.twilio.configure({ trialVerifiedNumbers: null });
  }
});

test("a Twilio error without a code of ours is returned as twilio_refused with Twilio's code", async () => {
  const ada = await withNumber(stage, "ada");
  await assertRefusedByTwilio(ada, ada.number, { twilioCode: 21266, refused: [422, "twilio_refused"] });
});

test("a message Twilio refused does not count against the limit", async () => {
  const ada = await withNumber(stage, "ada");
  await allow(stage, ada, { daily: 1 });
  const refused = await ada.call("send-sms", { body: { to: ada.number, body: "Hello" } });
  assertRefused(refused, [422, "twilio_refused"]);
  assert.equal((await ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello" } })).status, 201);
});

const LIMITS = {
  "today": { limits: { daily: 2 }, retryAfter: "3600" },
  "this month": { limits: { monthly: 2 }, retryAfter: "86400" },
} as const;

for (const [period, { limits, retryAfter }] of Object.entries(LIMITS)) {
  test(`after the last message ${period} the next gets 429 with Retry-After, and Twilio is not asked`, async () => {
    const ada = await withNumber(stage, "ada");
    await allow(stage, ada, limits);
    const send = (to: string) => ada.call("send-sms", { body: { to, body: "Hello" } });
    for (let sent = 0; sent < 2; sent++) assert.equal((await send(freshRecipient())).status, 201);
    const to = freshRecipient();
    const answer = await send(to);
    assert.deepEqual(assertRefused(answer, [429, "message_limit_reached"]), [{ limit: 2, period }]);
    assert.equal(answer.headers.get("retry-after"), retryAfter);
    assert.deepEqual(await sendsTo(stage, to), []);
  });
}

test("ten concurrent messages do not exceed a limit of three", async () => {
  const ada = await withNumber(stage, "ada");
  await allow(stage, ada, { daily: 3 });
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello" } })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 429, 429, 429, 429, 429, 429, 429]);
  assert.equal((await stage.twilio.messagesOf(ada.accountSid)).length, 3);
});

test("a recipient who replied STOP is not texted from that number until they reply START", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  const send = () => ada.call("send-sms", { body: { to, body: "Hello" } });
  assert.equal((await send()).status, 201);
  await stage.twilio.inbound({ from: to, to: ada.number, body: " Stop. " });
  assertRefused(await send(), [403, "recipient_opted_out"]);
  assert.equal((await sendsTo(stage, to)).length, 1);
  const { data } = await ada.data.from("sms_opt_outs").select("sender, recipient, keyword");
  assert.deepEqual(data, [{ sender: ada.number, recipient: to, keyword: "STOP" }]);
  await stage.twilio.inbound({ from: to, to: ada.number, body: "start" });
  assert.equal((await send()).status, 201);
});

test("a STOP applies to one pair of numbers: other recipients, senders and tenants are not affected", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  await allow(stage, ada, { numbers: 2 });
  const { body: { phoneNumber: second } } = await ada.call("buy-number", { body: { phoneNumber: freshNumber() } });
  const to = freshRecipient();
  await stage.twilio.inbound({ from: to, to: ada.number, body: "STOP" });
  const send = (from: Caller, body: Record<string, unknown>) =>
    from.call("send-sms", { body: { body: "Hello", ...body } });
  assertRefused(await send(ada, { to }), [403, "recipient_opted_out"]);
  assert.equal((await send(ada, { to, from: second })).status, 201);
  assert.equal((await send(ada, { to: freshRecipient() })).status, 201);
  assert.equal((await send(ben, { to })).status, 201);
});

test("a number beyond the plan's limit is refused as 403 number_over_limit after its grace period, and the primary number sends", async () => {
  const ada = await withNumber(stage, "ada");
  await allow(stage, ada, { numbers: 1 });
  const from = freshNumber();
  const { sql } = stage.database;
  await sql`insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, account_sid)
    values (${ada.id}, ${from}, ${`PN${crypto.randomUUID().replaceAll("-", "")}`}, ${ada.accountSid})`;
  const notices = await sql<{ number: string }[]>`select details ->> 'phoneNumber' as number from public.tenant_notices
    where user_id = ${ada.id} and kind = 'number.sending_ends'`;
  assert.deepEqual([...notices], [{ number: from }]);
  await sql`update private.excess_numbers set sending_ends_at = now() where user_id = ${ada.id}`;
  const refused = await ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello", from } });
  assert.deepEqual(assertRefused(refused, [403, "number_over_limit"]), [{ field: "from", code: "over_limit" }]);
  assert.match(refused.body.message, /release another number/);
  assert.equal((await ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello" } })).status, 201);
});
