import assert from "node:assert/strict";
import { assertRefused } from "../support/answers.ts";
import { becomes, ledgerOf, sendsTo, textsTo } from "../support/ledger.ts";
import { sharedStage, test } from "../support/stage.ts";
import {
  allow,
  buy,
  type Caller,
  freshNumber,
  freshRecipient,
  provisioned,
  quiescence,
  withNumber,
} from "../support/tenants.ts";

const stage = sharedStage();

let shared: Promise<Caller> | undefined;

/** One tenant for the messages that cannot affect another test. */
const anyCaller = () => shared ??= withNumber(stage, "caller");

test("a message goes out from the tenant's primary number, with the credentials of their own account", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  const { id, sid, ...rest } = await ada.switchboard.sendSms({ to, body: "Hello" });
  assert.match(sid ?? "", /^SM[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    status: "queued",
    from: ada.number,
    to,
    segments: 1,
    encoding: "GSM-7",
    source: "subaccount",
  });
  const [sent, ...others] = await sendsTo(stage, to);
  assert.deepEqual(others, []);
  assert.deepEqual([sent?.account, sent?.form], [ada.accountSid, {
    To: to,
    From: ada.number,
    Body: "Hello",
    StatusCallback: `${stage.state.apiUrl}/functions/v1/twilio-webhook/status/${ada.id}?message=${id}#rc=5&rp=all`,
  }]);
});

test("a message becomes delivered in the ledger after Twilio's callback, and its tenant reads it there", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  const { id, sid } = await ada.switchboard.sendSms({ to, body: "Hello" });
  await becomes(stage, ada, "delivered");
  const { data } = await ada.data.from("sms_messages")
    .select("id, user_id, direction, from_number, to_number, body, status, twilio_message_sid, source, num_segments");
  assert.deepEqual(data, [{
    id,
    user_id: ada.id,
    direction: "outbound",
    from_number: ada.number,
    to_number: to,
    body: "Hello",
    status: "delivered",
    twilio_message_sid: sid,
    source: "subaccount",
    num_segments: 1,
  }]);
});

test("a message goes out from the given sender, or from the primary number without one", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 2 });
  const [primary, second] = [await buy(ada, freshNumber()), await buy(ada, freshNumber())];
  const to = freshRecipient();
  for (const from of [second, primary, undefined]) {
    const sent = await ada.switchboard.sendSms({ to, body: "Hello", from });
    assert.equal(sent.from, from ?? primary);
  }
  assert.deepEqual((await sendsTo(stage, to)).map(({ form }) => form["From"]), [second, primary, primary]);
});

test("send-sms answers 403 for a sender that is another tenant's, the master account's, unsold or released", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  await allow(stage, ada, { numbers: 2 });
  const given = await buy(ada, freshNumber());
  await stage.database.sql`
    update public.user_twilio_numbers set status = 'released', is_primary = false where phone_number = ${given}`;
  const [masters] = await stage.twilio.numbersOf(stage.state.twilio.accountSid);
  const to = freshRecipient();
  for (const from of [ben.number, masters.phone_number, freshNumber(), given, "Switchboard", `${ada.number}.0`]) {
    const answer = await ada.call("send-sms", { body: { to, body: "Hello", from } });
    assert.deepEqual(assertRefused(answer, [403, "number_not_owned"]), [{ field: "from", code: "not_owned" }]);
  }
  assert.deepEqual(await sendsTo(stage, to), []);
});

test("a recipient in a common written form is accepted and stored in E.164", async () => {
  const ada = await anyCaller();
  const to = freshRecipient();
  const written = to.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 ($1) $2-$3");
  assert.equal((await ada.switchboard.sendSms({ to: written, body: "Hello" })).to, to);
});

test("an invalid phone number is refused with 422, and Twilio is not asked", async () => {
  const ada = await withNumber(stage, "ada");
  const before = (await stage.twilio.requests()).at(-1)?.id ?? 0;
  for (
    const to of [
      "+1",
      "4155550100",
      "+14155550100999999",
      "+1415555abcd",
      "ada@example.com",
      "whatsapp:+14155550100",
      "+",
      "+0000000000",
    ]
  ) {
    const answer = await ada.call("send-sms", { body: { to, body: "Hello" } });
    const details = assertRefused(answer, [422, "invalid_recipient"]);
    assert.deepEqual(details, [{ field: "to", code: "invalid_phone_number" }]);
    assert.ok(answer.body.message.includes(`"${to}"`));
  }
  const sent = (await stage.twilio.requests(before)).filter(({ path }) => path.includes(ada.accountSid));
  assert.deepEqual([sent, await ledgerOf(stage, ada)], [[], []]);
});

const LENGTHS: Record<string, { body: string; expected: [segments: number, encoding: string] }> = {
  "160 letters": { body: "a".repeat(160), expected: [1, "GSM-7"] },
  "161 letters": { body: "a".repeat(161), expected: [2, "GSM-7"] },
  "70 letters and an emoji": { body: `${"a".repeat(69)}✓`, expected: [1, "UCS-2"] },
  "1600 letters": { body: "a".repeat(1600), expected: [11, "GSM-7"] },
  "800 emoji, 1600 units": { body: "😀".repeat(800), expected: [25, "UCS-2"] },
};

for (const [title, { body, expected }] of Object.entries(LENGTHS)) {
  test(`a text of ${title} is sent whole, with its segments and encoding in the response`, async () => {
    const ada = await anyCaller();
    const to = freshRecipient();
    const { segments, encoding } = await ada.switchboard.sendSms({ to, body });
    assert.deepEqual([segments, encoding], expected);
    assert.equal((await sendsTo(stage, to))[0]?.form["Body"], body);
  });
}

for (const body of ["a".repeat(1601), "😀".repeat(801)]) {
  test(`a text of ${body.length} units is refused with 422, and Twilio is not asked`, async () => {
    const ada = await anyCaller();
    const to = freshRecipient();
    const details = assertRefused(await ada.call("send-sms", { body: { to, body } }), [422, "body_too_long"]);
    assert.deepEqual(details, [{ field: "body", code: "too_long", limit: 1600 }]);
    assert.deepEqual(await sendsTo(stage, to), []);
  });
}

test("media are sent as MMS, with or without a text", async () => {
  const ada = await anyCaller();
  const mediaUrls = ["https://example.com/one.png", "https://example.com/two.jpg"];
  const [bare, captioned] = [freshRecipient(), freshRecipient()];
  const { sid } = await ada.switchboard.sendSms({ to: bare, mediaUrls });
  await ada.switchboard.sendSms({ to: captioned, mediaUrls: mediaUrls.slice(0, 1), body: "Look" });
  assert.match(sid ?? "", /^MM[0-9a-f]{32}$/);
  const [first] = await sendsTo(stage, bare);
  assert.deepEqual([first?.form["MediaUrl"], first?.form["Body"]], [mediaUrls, undefined]);
  const [second] = await sendsTo(stage, captioned);
  assert.deepEqual([second?.form["MediaUrl"], second?.form["Body"]], [mediaUrls[0], "Look"]);
});

test("a tenant without a number is refused with number_required", async () => {
  const ada = await provisioned(stage, "ada");
  assertRefused(await ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello" } }), [
    409,
    "number_required",
  ]);
});

for (const hold of ["suspended", "closed"] as const) {
  test(`a ${hold} tenant cannot send from any number`, async () => {
    const ada = await withNumber(stage, "ada");
    await stage.database.hold(ada.id, hold);
    await quiescence(stage, ada);
    const [masters] = await stage.twilio.numbersOf(stage.state.twilio.accountSid);
    const to = freshRecipient();
    for (const from of [undefined, ada.number, masters.phone_number]) {
      assertRefused(await ada.call("send-sms", { body: { to, body: "Hello", from } }), [403, `subaccount_${hold}`]);
    }
    assert.deepEqual([await sendsTo(stage, to), await ledgerOf(stage, ada)], [[], []]);
  });
}

test("the token of a deleted user cannot send", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.database.sql`delete from auth.users where id = ${ada.id}`;
  const to = freshRecipient();
  assertRefused(await ada.call("send-sms", { body: { to, body: "Hello" } }), [403, "subaccount_closed"]);
  assert.deepEqual(await sendsTo(stage, to), []);
});

test("a sealed token moved to another tenant's row does not open, and the message is not sent", async () => {
  const [ada, mallory] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "mallory")]);
  const token = async (of: Caller) => (await stage.database.preferencesOf(of.id))!.token;
  const put = (sealed: string | null) =>
    stage.database.sql`
      update public.user_preferences set twilio_subaccount_auth_token_encrypted = ${sealed} where user_id = ${mallory.id}`;
  const own = await token(mallory);
  await put(await token(ada));
  const message = { body: { to: freshRecipient(), body: "Hello" }, headers: { "idempotency-key": "once" } };
  const answer = await mallory.call("send-sms", message);
  assertRefused(answer, [500, "internal_error"]);
  assert.doesNotMatch(JSON.stringify(answer.body), /seal|token|v1\./);
  assert.deepEqual([await sendsTo(stage, message.body.to), await ledgerOf(stage, mallory)], [[], []]);
  await put(own);
  assert.equal((await mallory.call("send-sms", message)).status, 201);
  assert.equal((await textsTo(stage, mallory.accountSid, message.body.to)).length, 1);
});

test("a national number with a default country is sent to that country's number, from a sender in any notation", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  const [area, exchange, line] = [to.slice(2, 5), to.slice(5, 8), to.slice(8)];
  const from = ada.number.replace(/(...)(....)$/, " $1\u2011$2");
  const key = crypto.randomUUID();
  const send = (body: object) => ada.call("send-sms", { body, headers: { "idempotency-key": key } });
  const { status, body } = await send({
    to: `(${area}) ${exchange}-${line}`,
    defaultCountry: "us",
    from,
    body: "Hello",
  });
  assert.deepEqual([status, body.to, body.from], [201, to, ada.number]);
  const repeated = await send({ to, from: ada.number, body: "Hello" });
  assert.deepEqual([repeated.status, repeated.body.id], [200, body.id]);
  assert.equal((await sendsTo(stage, to)).length, 1);
  // Both filters, with an unescaped plus.
  for (const filter of [`with=+1 (${area}) ${exchange}-${line}`, `number=${from}`]) {
    const { body: page } = await ada.call(`list-messages?${filter}`);
    assert.deepEqual(page.messages.map(({ id }: { id: string }) => id), [body.id], filter);
  }
  assert.equal((await ada.call(`list-conversations?number=${from}`)).body.conversations.length, 1);
});
