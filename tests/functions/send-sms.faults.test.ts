import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { becomes, ledgerOf, sendsTo, textsTo } from "../support/ledger.ts";
import { CAT } from "../support/media.ts";
import { sharedStage, test } from "../support/stage.ts";
import { allow, type Caller, freshRecipient, quiescence, withNumber } from "../support/tenants.ts";
import { postTwilioCallback } from "../support/webhooks.ts";

const stage = sharedStage();

type Fault = Record<string, unknown>;

const AN_HOUR = 3600;
/** What the tests of this file change of the simulator, as it is otherwise. */
const UNDISTURBED = {
  listQueuedByDateSent: true,
  readDelayMs: 0,
  lifecycle: { sentMs: 50, deliveredMs: 150, priceMs: 300 },
};

/** Sets faults for one tenant's requests that send messages. */
async function disturb({ accountSid }: Caller, ...faults: Fault[]): Promise<void> {
  for (const fault of faults) await stage.twilio.fault({ match: `POST /Accounts/${accountSid}/Messages`, ...fault });
}

const send = (tenant: Caller, to: string, key = "key", body = "Hello") =>
  tenant.call("send-sms", { body: { to, body }, headers: { "idempotency-key": key } });

/** Without callbacks only the simulator knows. */
async function deliveredAtTwilio({ accountSid }: Caller): Promise<void> {
  const isDelivered = async () => (await stage.twilio.messagesOf(accountSid))[0]?.status === "delivered";
  await eventually("the message to be delivered at Twilio", isDelivered);
}

/** Ages the messages by a minute and runs the job that settles messages. */
async function settle(...tenants: Caller[]): Promise<void> {
  for (const { id } of tenants) await stage.database.age(id, 60);
  await doJob("settle-messages");
}

async function doJob(kind: string): Promise<void> {
  const job = await stage.database.enqueue({ kind });
  await eventually(`the job ${kind} to be done`, async () => {
    return (await stage.database.sql`select from private.jobs where msg_id = ${job} and message ->> 'kind' = ${kind}`)
      .length === 0;
  });
}

test("a send that is throttled once is repeated within the request, and goes out once", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  await disturb(ada, { kind: "429", retryAfter: 0 });
  assert.equal((await send(ada, to)).status, 201);
  assert.equal((await textsTo(stage, ada.accountSid, to)).length, 1);
});

test("a send that is throttled repeatedly gets 429, is not recorded, and leaves its key free", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  await disturb(ada, { kind: "429", retryAfter: 0, times: 3 });
  const answer = await send(ada, to);
  assertRefused(answer, [429, "twilio_throttled"]);
  assert.equal(answer.headers.get("retry-after"), "5");
  assert.deepEqual(await ledgerOf(stage, ada), []);
  assert.equal((await send(ada, to)).status, 201);
  assert.equal((await textsTo(stage, ada.accountSid, to)).length, 1);
});

test("a send to a full queue (21611) gets 429 with Retry-After, is not recorded, and leaves its key free", async () => {
  const ada = await withNumber(stage, "ada");
  await allow(stage, ada, { daily: 1 });
  const to = freshRecipient();
  await disturb(ada, { kind: "error:21611" });
  const answer = await send(ada, to);
  const [detail] = assertRefused(answer, [429, "twilio_throttled"])!;
  assert.deepEqual([detail?.twilioCode, answer.headers.get("retry-after")], [21611, "60"]);
  assert.deepEqual(await ledgerOf(stage, ada), []);
  assert.equal((await send(ada, to)).status, 201, "the message that was not processed counts toward no limit");
  assert.equal((await textsTo(stage, ada.accountSid, to)).length, 1);
});

async function assertUnknown(ada: Caller, to: string): Promise<void> {
  const answer = await send(ada, to);
  const [row] = await ledgerOf(stage, ada);
  const details = assertRefused(answer, [503, "message_outcome_unknown"]);
  assert.deepEqual(details, [{ messageId: row?.id, status: "unknown" }]);
  assert.equal(answer.headers.get("retry-after"), "30");
}

/** A repeated request returns the recorded message, without another request to Twilio. */
async function assertSentOnce(ada: Caller, to: string, atTwilio: 0 | 1): Promise<void> {
  const again = await send(ada, to);
  const [row] = await ledgerOf(stage, ada);
  assert.deepEqual([again.status, again.body.id, again.body.sid], [200, row?.id, row?.twilio_message_sid]);
  assert.equal((await sendsTo(stage, to)).length, 1);
  assert.equal((await textsTo(stage, ada.accountSid, to)).length, atTwilio);
}

/** Faults that lose the request as well as the response. */
const LOST: Record<string, Fault> = {
  "never reached Twilio": { kind: "drop_before" },
  "met a 500": { kind: "500" },
  "met a 503": { kind: "503" },
  "met an HTML page": { kind: "502", body: "html" },
  "met an empty response": { kind: "504", body: "empty" },
};

for (const [title, fault] of Object.entries(LOST)) {
  test(`a message that ${title} is recorded as unknown, and not sent again automatically`, async () => {
    const ada = await withNumber(stage, "ada");
    const to = freshRecipient();
    await disturb(ada, fault);
    await assertUnknown(ada, to);
    await settle(ada);
    assert.deepEqual((await ledgerOf(stage, ada)).map(({ status }) => status), ["unknown"]);
    await assertSentOnce(ada, to, 0);
  });
}

/** Faults that lose the response to a message Twilio has accepted. */
const SENT: Record<string, Fault> = {
  "the connection breaks": { kind: "drop_after_commit" },
  "Twilio responds with 503": { kind: "503", committed: true },
  "Twilio responds with an HTML page": { kind: "500", committed: true, body: "html" },
};

for (const [title, fault] of Object.entries(SENT)) {
  test(`a message that is accepted although ${title} is settled by Twilio's callback, and sent once`, async () => {
    const ada = await withNumber(stage, "ada");
    const to = freshRecipient();
    await disturb(ada, fault);
    await assertUnknown(ada, to);
    const row = await becomes(stage, ada, "delivered");
    assert.equal(row.twilio_message_sid, (await textsTo(stage, ada.accountSid, to))[0]?.sid);
    await assertSentOnce(ada, to, 1);
  });

  test(`a message that is accepted although ${title}, without any callback, is found by the settling job`, async () => {
    const ada = await withNumber(stage, "ada");
    const to = freshRecipient();
    await disturb(ada, fault, { kind: "callbacks:dropped" });
    await assertUnknown(ada, to);
    await deliveredAtTwilio(ada);
    await settle(ada);
    const [row] = await ledgerOf(stage, ada);
    const [text] = await textsTo(stage, ada.accountSid, to);
    assert.deepEqual([row?.status, row?.twilio_message_sid], ["delivered", text?.sid]);
    await assertSentOnce(ada, to, 1);
  });
}

test("the settling job leaves a message being sent alone until a minute has passed, then marks it as unknown", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.database.sql`
    insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source)
    values (${ada.id}, 'outbound', ${ada.number}, ${freshRecipient()}, 'reserved', ${ada.accountSid}, 'subaccount')`;
  await settle();
  assert.deepEqual((await ledgerOf(stage, ada)).map(({ status }) => status), ["reserved"]);
  await settle(ada);
  assert.deepEqual((await ledgerOf(stage, ada)).map(({ status }) => status), ["unknown"]);
});

test("of two equal messages, the settling job does not attribute the SID of one to the other", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  assert.equal((await send(ada, to, "first")).status, 201);
  await disturb(ada, { kind: "drop_before" });
  assertRefused(await send(ada, to, "second"), [503, "message_outcome_unknown"]);
  await settle(ada);
  const [first, second] = await ledgerOf(stage, ada);
  assert.deepEqual([second?.status, second?.twilio_message_sid], ["unknown", null]);
  assert.match(first?.twilio_message_sid ?? "", /^SM/);
});

test("of two equal messages without a response, the one Twilio has is found and the other becomes not_sent", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  await disturb(ada, { kind: "drop_before" });
  assertRefused(await send(ada, to, "first"), [503, "message_outcome_unknown"]);
  await disturb(ada, { kind: "drop_after_commit" }, { kind: "callbacks:dropped" });
  assertRefused(await send(ada, to, "second"), [503, "message_outcome_unknown"]);
  await deliveredAtTwilio(ada);
  await settle(ada);
  const [found] = (await textsTo(stage, ada.accountSid, to)).map(({ sid }) => sid);
  const sidsNow = async () => (await ledgerOf(stage, ada)).map((row) => row.twilio_message_sid).sort();
  assert.deepEqual(await sidsNow(), [found, null]);
  await stage.database.age(ada.id, AN_HOUR);
  await settle(ada);
  const statuses = (await ledgerOf(stage, ada)).map((row) => [row.status, row.twilio_message_sid !== null]).sort();
  assert.deepEqual(statuses, [["delivered", true], ["not_sent", false]]);
});

test("two equal messages that Twilio accepted without a response both stay unknown, because their SIDs are ambiguous", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  await disturb(ada, { kind: "drop_after_commit", times: 2 }, { kind: "callbacks:dropped", times: 2 });
  for (const key of ["first", "second"]) assertRefused(await send(ada, to, key), [503, "message_outcome_unknown"]);
  await settle(ada);
  await stage.database.age(ada.id, AN_HOUR);
  await settle(ada);
  assert.deepEqual((await ledgerOf(stage, ada)).map(({ status }) => status), ["unknown", "unknown"]);
});

test("a message that Twilio does not have after an hour becomes not_sent, and does not count against the limit", async () => {
  const ada = await withNumber(stage, "ada");
  await allow(stage, ada, { daily: 1 });
  const to = freshRecipient();
  await disturb(ada, { kind: "drop_before" });
  await assertUnknown(ada, to);
  await stage.database.age(ada.id, AN_HOUR - 120);
  await settle(ada);
  assert.deepEqual((await ledgerOf(stage, ada)).map(({ status }) => status), ["unknown"]);
  assertRefused(await send(ada, freshRecipient(), "another"), [429, "message_limit_reached"]);
  await settle(ada);
  const [row] = await ledgerOf(stage, ada);
  assert.deepEqual([row?.status, row?.error_message], [
    "not_sent",
    "Twilio's response was lost, and it has no such message",
  ]);
  const again = await send(ada, to);
  assert.deepEqual([again.status, again.body.status, again.body.sid], [200, "not_sent", null]);
  assert.equal((await send(ada, freshRecipient(), "another")).status, 201);
});

test("an unknown message does not become not_sent while Twilio cannot be read, however long that lasts", async () => {
  const ada = await withNumber(stage, "ada");
  await disturb(ada, { kind: "drop_before" });
  assertRefused(await send(ada, freshRecipient()), [503, "message_outcome_unknown"]);
  await stage.database.age(ada.id, AN_HOUR);
  await stage.twilio.setStatus(ada.accountSid, "suspended");
  await settle(ada);
  assert.deepEqual((await ledgerOf(stage, ada)).map(({ status }) => status), ["unknown"]);
  await stage.twilio.setStatus(ada.accountSid, "active");
  await settle(ada);
  assert.deepEqual((await ledgerOf(stage, ada)).map(({ status }) => status), ["not_sent"]);
});

for (const listQueuedByDateSent of [true, false]) {
  const lists = listQueuedByDateSent ? "lists by DateSent" : "does not list by DateSent";
  test(`a message that is still queued after an hour, which Twilio ${lists}, is found instead of not_sent`, async () => {
    const ada = await withNumber(stage, "ada");
    await stage.twilio.configure({
      listQueuedByDateSent,
      lifecycle: { sentMs: 60_000, deliveredMs: 61_000, priceMs: 62_000 },
    });
    try {
      await disturb(ada, { kind: "drop_after_commit" }, { kind: "callbacks:dropped" });
      assertRefused(await send(ada, freshRecipient()), [503, "message_outcome_unknown"]);
      await stage.database.age(ada.id, AN_HOUR);
      await settle(ada);
      const [row] = await ledgerOf(stage, ada);
      const [queued] = await stage.twilio.messagesOf(ada.accountSid);
      assert.deepEqual([row?.status, row?.twilio_message_sid], ["queued", queued?.sid]);
    } finally {
      await stage.twilio.configure(UNDISTURBED);
    }
  });
}

test("a message that Twilio does not show yet stays unknown, and is found when it does", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.twilio.configure({ readDelayMs: 60_000 });
  try {
    await disturb(ada, { kind: "drop_after_commit" }, { kind: "callbacks:dropped" });
    assertRefused(await send(ada, freshRecipient()), [503, "message_outcome_unknown"]);
    await settle(ada);
    assert.deepEqual((await ledgerOf(stage, ada)).map(({ status }) => status), ["unknown"]);
  } finally {
    await stage.twilio.configure(UNDISTURBED);
  }
  await settle(ada);
  const [row] = await ledgerOf(stage, ada);
  assert.equal(row?.twilio_message_sid, (await stage.twilio.messagesOf(ada.accountSid))[0]?.sid);
});

test("a late callback turns a not_sent message into the reported status", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  await disturb(ada, { kind: "drop_before" });
  await assertUnknown(ada, to);
  await stage.database.age(ada.id, AN_HOUR);
  await settle(ada);
  const row = await becomes(stage, ada, "not_sent");
  const sid = `SM${randomBytes(16).toString("hex")}`;
  const { status } = await postTwilioCallback(stage.state, {
    path: `status/${ada.id}?message=${row.id}`,
    token: ada.authToken,
    form: { AccountSid: ada.accountSid, MessageSid: sid, MessageStatus: "delivered", To: to, From: ada.number },
  });
  assert.equal(status, 204);
  assert.equal((await becomes(stage, ada, "delivered")).twilio_message_sid, sid);
});

test("of two equal messages, the one without a response is found beside the one with a known SID", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  const known = await send(ada, to, "first");
  await disturb(ada, { kind: "drop_after_commit" }, { kind: "callbacks:dropped" });
  assertRefused(await send(ada, to, "second"), [503, "message_outcome_unknown"]);
  await settle(ada);
  const sids = (await ledgerOf(stage, ada)).map((row) => row.twilio_message_sid);
  const atTwilio = (await textsTo(stage, ada.accountSid, to)).map(({ sid }) => sid);
  assert.deepEqual(new Set(sids), new Set(atTwilio));
  assert.equal(sids[0], known.body.sid);
});

test("an unreadable account at Twilio does not keep other tenants' messages from being settled", async () => {
  const [mallory, ada] = await Promise.all([withNumber(stage, "mallory"), withNumber(stage, "ada")]);
  for (const tenant of [mallory, ada]) {
    await disturb(tenant, { kind: "drop_after_commit" }, { kind: "callbacks:dropped" });
    assertRefused(await send(tenant, freshRecipient()), [503, "message_outcome_unknown"]);
  }
  await stage.twilio.setStatus(mallory.accountSid, "suspended");
  await stage.database.age(mallory.id, 60); // the oldest message, so it is settled first
  await settle(mallory, ada);
  assert.match((await ledgerOf(stage, ada))[0]?.twilio_message_sid ?? "", /^SM/);
});

test("send-sms answers 201 for an accepted message whose result cannot be stored; the settling job stores it later", async () => {
  const ada = await withNumber(stage, "ada");
  await disturb(ada, { kind: "callbacks:dropped" });
  await mayRecord(false);
  const { status, body } = await send(ada, freshRecipient()).finally(() => mayRecord(true));
  assert.deepEqual([status, body.status], [201, "queued"], body.message);
  assert.deepEqual((await ledgerOf(stage, ada)).map((row) => row.status), ["reserved"]);
  await settle(ada);
  const [row] = await ledgerOf(stage, ada);
  assert.equal(row?.twilio_message_sid, body.sid);
});

/** Grants or revokes the functions' right to record the result of a message. */
async function mayRecord(may: boolean): Promise<void> {
  const { sql } = stage.database;
  await sql.unsafe(
    `${may ? "grant" : "revoke"} execute on function public.record_message_status ${may ? "to" : "from"} service_role`,
  );
}

/** How the callbacks arrive. */
const CALLBACKS: Record<string, Fault[]> = {
  "arrive twice each": [{ kind: "callbacks:doubled" }],
  "arrive in the wrong order": [{ kind: "callbacks:reordered" }],
  "arrive late": [{ kind: "callbacks:late:400" }],
  "arrive before Twilio's response": [{ kind: "delay:400" }],
  "arrive before Twilio's response, in the wrong order": [{ kind: "delay:400" }, { kind: "callbacks:reordered" }],
};

for (const [title, faults] of Object.entries(CALLBACKS)) {
  test(`a message whose callbacks ${title} ends as delivered, with its SID`, async () => {
    const ada = await withNumber(stage, "ada");
    const to = freshRecipient();
    await disturb(ada, ...faults);
    const { status, body } = await send(ada, to);
    assert.equal(status, 201, body.message);
    assert.equal((await becomes(stage, ada, "delivered")).twilio_message_sid, body.sid);
    const sent = await eventually("all callbacks to have arrived", async () => {
      const own = (await stage.twilio.webhooks()).filter(({ url }) => url.includes(ada.id));
      return own.length >= (title.includes("twice") ? 4 : 2) && own.every((one) => one.status !== null) && own;
    });
    assert.deepEqual(new Set(sent.map((one) => one.status)), new Set([204]));
    assert.deepEqual((await ledgerOf(stage, ada)).map((row) => row.status), ["delivered"]);
  });
}

test("a message whose delivery is reported before Twilio's response is returned as delivered", async () => {
  const ada = await withNumber(stage, "ada");
  await disturb(ada, { kind: "delay:1200" });
  await stage.twilio.configure({ lifecycle: { sentMs: 1, deliveredMs: 2, priceMs: 300 } });
  try {
    assert.equal((await send(ada, freshRecipient())).body.status, "delivered");
  } finally {
    await stage.twilio.configure({ lifecycle: { sentMs: 50, deliveredMs: 150, priceMs: 300 } });
  }
});

/** The status, price, price unit and segments of the tenant's messages. */
async function pricedOf(tenant: Caller) {
  const { messages } = await tenant.switchboard.listMessages({ limit: 200 });
  return messages.map(({ status, price, priceUnit, segments }) => [status, price, priceUnit, segments]);
}

async function pricesOfTwilio({ accountSid }: Caller): Promise<void> {
  await eventually("Twilio to have priced the messages", async () => {
    return (await stage.twilio.messagesOf(accountSid)).every(({ price }) => price !== null);
  });
}

/** Waits until Twilio has priced the messages, ages them by more than two minutes, and runs the job that refreshes messages. */
async function refresh(tenant: Caller): Promise<void> {
  await pricesOfTwilio(tenant);
  await stage.database.age(tenant.id, 150);
  await doJob("refresh-messages");
}

test("a message without callbacks gets its status and price from Twilio", async () => {
  const ada = await withNumber(stage, "ada");
  await disturb(ada, { kind: "callbacks:dropped", times: 2 });
  assert.equal((await send(ada, freshRecipient(), "first", "x".repeat(161))).status, 201);
  assert.equal((await send(ada, "+15005530003", "second")).status, 201);
  assert.deepEqual((await ledgerOf(stage, ada)).map(({ status }) => status), ["queued", "queued"]);
  await refresh(ada);
  assert.deepEqual(await pricedOf(ada), [["undelivered", 0.0083, "USD", 1], ["delivered", 0.0166, "USD", 2]]);
  assert.equal((await ledgerOf(stage, ada))[1]?.error_code, 30003);
});

test("the price of a message is read from Twilio until it is known, and once more a day later, with a carrier's fee", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.twilio.configure({
    lifecycle: { sentMs: 50, deliveredMs: 150, priceMs: 2_000 },
    carrierFees: { US: { sms: 0.003 } },
    carrierFeeMs: 2_500,
  });
  try {
    assert.equal((await send(ada, freshRecipient())).status, 201);
  } finally {
    await stage.twilio.configure({ lifecycle: { sentMs: 50, deliveredMs: 150, priceMs: 300 } });
  }
  await becomes(stage, ada, "delivered");
  await stage.database.age(ada.id, 150);
  await doJob("refresh-messages");
  assert.deepEqual(await pricedOf(ada), [["delivered", null, null, 1]]);
  await pricesOfTwilio(ada);
  await forgetLooks(ada);
  await doJob("refresh-messages");
  assert.deepEqual(await pricedOf(ada), [["delivered", 0.0083, "USD", 1]]);

  const looks = async () => {
    const path = `/2010-04-01/Accounts/${ada.accountSid}/Messages/`;
    return (await stage.twilio.requests()).filter(({ method, path: asked }) =>
      method === "GET" && asked.startsWith(path)
    );
  };
  assert.equal((await looks()).length, 2);
  await doJob("refresh-messages");
  assert.equal((await looks()).length, 2, "no read on the first day");

  await eventually("Twilio to have added the carrier's fee", async () => {
    return Number((await stage.twilio.messagesOf(ada.accountSid))[0]?.price) === -0.0113;
  });
  await stage.twilio.configure({ carrierFees: {}, carrierFeeMs: 0 });
  await stage.database.age(ada.id, 30 * 3600);
  await doJob("refresh-messages");
  assert.deepEqual(await pricedOf(ada), [["delivered", 0.0113, "USD", 1]]);
  assert.equal((await looks()).length, 3);
});

test("received messages, SMS and MMS, get their prices from Twilio, also in a suspended account", async () => {
  const ada = await withNumber(stage, "ada");
  for (const media of [[], [CAT]]) {
    await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "Hello", media });
  }
  await eventually("both messages to be received", async () => (await ledgerOf(stage, ada)).length === 2);
  await pricesOfTwilio(ada);
  await stage.twilio.setStatus(ada.accountSid, "suspended");
  await stage.database.age(ada.id, 21 * 60);
  await doJob("refresh-messages");
  const rows = await stage.database.sql`
    select kind, price::float8, price_unit, sent_at is not null as is_dated from public.sms_messages
    where user_id = ${ada.id} order by kind`;
  assert.deepEqual([...rows], [
    { kind: "sms_in", price: -0.0083, price_unit: "USD", is_dated: true },
    { kind: "mms_in", price: -0.0165, price_unit: "USD", is_dated: true },
  ]);
});

/** Pretends that the two minutes between reads of a message at Twilio have passed. */
async function forgetLooks({ id }: Caller): Promise<void> {
  await stage.database.sql`
    update private.awaited_reports r set due_at = now()
    from public.sms_messages m where m.id = r.message_id and m.user_id = ${id}`;
}

test("many messages of one account get their prices from one list request", async () => {
  const ada = await withNumber(stage, "ada");
  await disturb(ada, { kind: "callbacks:dropped", times: 25 });
  for (let sent = 0; sent < 25; sent++) {
    assert.equal((await send(ada, freshRecipient(), `key-${sent}`)).status, 201);
  }
  await pricesOfTwilio(ada);
  const since = (await stage.twilio.requests()).at(-1)!.id;
  await stage.database.age(ada.id, 150);
  await doJob("refresh-messages");
  assert.deepEqual(await pricedOf(ada), Array(25).fill(["delivered", 0.0083, "USD", 1]));
  const asked = (await stage.twilio.requests(since)).filter(({ method, path }) =>
    method === "GET" && path.includes(`/Accounts/${ada.accountSid}/Messages`)
  );
  assert.equal(asked.length, 1, JSON.stringify(asked.map(({ path }) => path)));
});

test("an unreadable account at Twilio does not keep other tenants' messages from getting their prices", async () => {
  const [mallory, ada] = await Promise.all([withNumber(stage, "mallory"), withNumber(stage, "ada")]);
  for (const tenant of [mallory, ada]) assert.equal((await send(tenant, freshRecipient())).status, 201);
  await becomes(stage, mallory, "delivered");
  await stage.twilio.fault({ match: `GET /Accounts/${mallory.accountSid}/Messages/**`, kind: "503", times: 20 });
  await stage.database.age(mallory.id, 200); // the oldest message, so it is read first
  await refresh(ada);
  assert.deepEqual(await pricedOf(ada), [["delivered", 0.0083, "USD", 1]]);
  assert.deepEqual(await pricedOf(mallory), [["delivered", null, null, 1]]);
});

test("a message that is not delivered has Twilio's error code", async () => {
  const ada = await withNumber(stage, "ada");
  assert.equal((await send(ada, "+15005530003")).status, 201);
  const row = await becomes(stage, ada, "undelivered");
  assert.equal(row.error_code, 30003);
});

for (const inactiveAccountCode of [20003, 20005, 20403, 10001, 90010]) {
  test(`a send refused by Twilio with ${inactiveAccountCode}, for an account suspended there, detects the suspension`, async () => {
    const ada = await withNumber(stage, "ada");
    const to = freshRecipient();
    await stage.twilio.configure({ inactiveAccountCode });
    try {
      await stage.twilio.setStatus(ada.accountSid, "suspended");
      assertRefused(await send(ada, to), [502, "twilio_misconfigured"]);
      await quiescence(stage, ada);
      assertRefused(await send(ada, to), [403, "subaccount_suspended"]);
      const [line] = await stage.database.sql`
        select subaccount_sid from public.audit_log where user_id = ${ada.id} and action = 'subaccount.suspended_at_twilio'`;
      assert.equal(line?.["subaccount_sid"], ada.accountSid);

      await stage.twilio.setStatus(ada.accountSid, "active");
      await ada.call("provision-subaccount", { method: "POST" });
      assert.equal((await send(ada, to)).status, 201); // the same key, because nothing was sent before
    } finally {
      await stage.twilio.configure({ inactiveAccountCode: 20005 });
    }
  });
}
