import assert from "node:assert/strict";
import fc from "fast-check";
import { rejectsWith } from "../../../tests/support/twilio/rest-error.ts";
import { type Fixture, startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";
import { eventually } from "../../driver/eventually.ts";

const HANDSET = "+14155550123";

async function masterNumber(fixture: Fixture): Promise<string> {
  const [number] = await fixture.master.incomingPhoneNumbers.list({ limit: 1 });
  assert.ok(number);
  return number.phoneNumber;
}

/** Waits for the final status of a message. */
async function finished(fixture: Fixture, sid: string) {
  await eventually(`the final status of ${sid}`, async () => {
    const { status } = await fixture.master.messages(sid).fetch();
    return !["accepted", "queued", "sent"].includes(status);
  });
  return await fixture.master.messages(sid).fetch();
}

Deno.test("A message is queued, then sent and delivered, then has a negative price", async () => {
  await using fixture = await startFixture();
  const from = await masterNumber(fixture);
  const message = await fixture.master.messages.create({ from, to: HANDSET, body: "Hello" });
  assert.match(message.sid, /^SM[0-9a-f]{32}$/);
  assert.equal(message.status, "queued");
  assert.equal(message.direction, "outbound-api");
  assert.equal(message.numSegments, "1");
  assert.equal(message.numMedia, "0");
  assert.equal(message.price, null);
  assert.equal(message.dateSent, null);
  await eventually("a price", async () => (await fixture.master.messages(message.sid).fetch()).price !== null);
  const delivered = await fixture.master.messages(message.sid).fetch();
  assert.equal(delivered.status, "delivered");
  assert.equal(delivered.price as unknown, "-0.00830");
  assert.equal(delivered.priceUnit, "USD");
  assert.ok(delivered.dateSent instanceof Date);
  assert.equal(delivered.errorCode, null);
});

Deno.test("A message has the number of segments that Twilio counts in GSM-7 and UCS-2", async () => {
  await using fixture = await startFixture();
  const from = await masterNumber(fixture);
  const segments = async (body: string) =>
    (await fixture.master.messages.create({ from, to: HANDSET, body })).numSegments;
  assert.equal(await segments("a".repeat(160)), "1");
  assert.equal(await segments("a".repeat(161)), "2");
  assert.equal(await segments("ü".repeat(160)), "1", "ü is in the GSM alphabet");
  assert.equal(await segments("€".repeat(81)), "2", "€ takes two septets");
  assert.equal(await segments("я".repeat(70)), "1");
  assert.equal(await segments("я".repeat(71)), "2");
  assert.equal(await segments("a".repeat(1600)), "11");
});

const ERRORS: [code: number, request: Record<string, unknown>][] = [
  [21211, { to: "+15005550001" }],
  [21211, { to: "nonsense" }],
  [21612, { to: "+15005550002" }],
  [21408, { to: "+15005550003" }],
  [21610, { to: "+15005550004" }],
  [21614, { to: "+15005550009" }],
  [21635, { to: "+4930901820" }],
  [21212, { from: "+15005550001" }],
  [21212, { from: "12" }],
  [21606, { from: "+15005550007" }],
  [21611, { from: "+15005550008" }],
  [21659, { from: "+14155550199" }],
  [21603, { from: undefined }],
  [21604, { to: "" }],
  [21602, { body: undefined }],
  [21602, { body: "" }],
  [21617, { body: "x".repeat(1601) }],
  [21620, { mediaUrl: ["nowhere"] }],
  [21623, { mediaUrl: Array.from({ length: 11 }, (_, index) => `https://example.com/${index}.png`) }],
  [90007, { validityPeriod: 0 }],
  [90007, { validityPeriod: 36_001 }],
  [21609, { statusCallback: "nowhere" }],
  [21266, { from: "+15005550006", to: "+15005550006" }],
  [21701, { from: undefined, messagingServiceSid: "MG1" }],
];

for (const [code, request] of ERRORS) {
  const shown = JSON.stringify(request, (_, value) => value === undefined ? "absent" : value).slice(0, 60);
  Deno.test(`POST /Messages with ${shown} answers ${code} and sends nothing`, async () => {
    await using fixture = await startFixture();
    const good = { from: "+15005550006", to: HANDSET, body: "Hello" };
    await rejectsWith(code, 400, fixture.master.messages.create({ ...good, ...request } as typeof good));
    assert.deepEqual(await fixture.master.messages.list(), []);
  });
}

Deno.test("Every account can send from the magic number, only the owner from an SMS-capable one", async () => {
  await using fixture = await startFixture();
  const tom = await fixture.subaccount("tom");
  await tom.client.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  const foreign = await masterNumber(fixture);
  await rejectsWith(21660, 400, tom.client.messages.create({ from: foreign, to: HANDSET, body: "x" }));
  const own = await tom.client.incomingPhoneNumbers.create({ areaCode: "404" });
  await tom.client.messages.create({ from: own.phoneNumber, to: HANDSET, body: "x" });
  const [london] = await tom.client.availablePhoneNumbers("GB").local.list({ limit: 1 });
  assert.ok(london);
  const voiceOnly = await tom.client.incomingPhoneNumbers.create({ phoneNumber: london.phoneNumber });
  await rejectsWith(21661, 400, tom.client.messages.create({ from: voiceOnly.phoneNumber, to: HANDSET, body: "x" }));
});

Deno.test("A StatusCallback to this machine answers 21609 with allowLocalCallbacks false", async () => {
  await using strict = await startFixture({ allowLocalCallbacks: false });
  const message = { from: "+15005550006", to: HANDSET, body: "x" };
  for (const host of ["localhost:1", "127.0.0.1", "[::1]:8"]) {
    const statusCallback = `http://${host}/status`;
    await rejectsWith(21609, 400, strict.master.messages.create({ ...message, statusCallback }));
  }
});

Deno.test("A trial account can text verified numbers only and have one subaccount", async () => {
  await using fixture = await startFixture({ trialVerifiedNumbers: [HANDSET] });
  const from = "+15005550006";
  await fixture.master.messages.create({ from, to: HANDSET, body: "x" });
  await rejectsWith(21608, 400, fixture.master.messages.create({ from, to: "+14155550124", body: "x" }));
  assert.equal((await fixture.master.api.v2010.accounts(fixture.accountSid).fetch()).type, "Trial");
  await fixture.subaccount("only");
  await rejectsWith(21480, 400, fixture.master.api.v2010.accounts.create({ friendlyName: "second" }));
});

for (
  const [to, status, errorCode] of [
    ["+15005530001", "failed", 30001],
    ["+15005530003", "undelivered", 30003],
    ["+15005530007", "undelivered", 30007],
    ["+15005530034", "undelivered", 30034],
  ] as const
) {
  Deno.test(`A message to ${to} becomes ${status} with error ${errorCode}`, async () => {
    await using fixture = await startFixture();
    const { sid } = await fixture.master.messages.create({ from: "+15005550006", to, body: "x" });
    const message = await finished(fixture, sid);
    assert.deepEqual([message.status, message.errorCode], [status, errorCode]);
    assert.ok(message.errorMessage);
  });
}

Deno.test("POST /_sim/outcomes sets the final status of messages to a number until outcomes are cleared", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "outcomes", { to: HANDSET, status: "undelivered", errorCode: 30006 });
  const send = () => fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  const failed = await finished(fixture, (await send()).sid);
  assert.deepEqual([failed.status, failed.errorCode], ["undelivered", 30006]);
  await fixture.sim("DELETE", "outcomes");
  assert.equal((await finished(fixture, (await send()).sid)).status, "delivered");
});

Deno.test("A queued message fails with 30002 when its account is suspended", async () => {
  await using fixture = await startFixture({ lifecycle: { sentMs: 150, deliveredMs: 160, priceMs: 170 } });
  const uma = await fixture.subaccount("uma");
  const { sid } = await uma.client.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  await fixture.master.api.v2010.accounts(uma.sid).update({ status: "suspended" });
  const asParent = fixture.master.api.v2010.accounts(uma.sid).messages(sid);
  await eventually("the failure", async () => (await asParent.fetch()).status === "failed");
  assert.equal((await asParent.fetch()).errorCode, 30002);
});

Deno.test("A message of a messaging service starts as accepted and needs a number of the account", async () => {
  await using fixture = await startFixture();
  const messagingServiceSid = `MG${"a".repeat(32)}`;
  const message = await fixture.master.messages.create({ messagingServiceSid, to: HANDSET, body: "x" });
  assert.equal(message.status, "accepted");
  assert.equal(message.messagingServiceSid, messagingServiceSid);
  assert.equal((await finished(fixture, message.sid)).status, "delivered");
  const vic = await fixture.subaccount("vic");
  await rejectsWith(21703, 400, vic.client.messages.create({ messagingServiceSid, to: HANDSET, body: "x" }));
});

const SERVICE = `MG${"a".repeat(32)}`;
const scheduled = (aheadMs: number) => ({
  messagingServiceSid: SERVICE,
  to: HANDSET,
  body: "x",
  scheduleType: "fixed" as const,
  sendAt: new Date(Date.now() + aheadMs),
});

Deno.test("A scheduled message is sent at its time, and fails with 21610 if the recipient has opted out since", async () => {
  await using fixture = await startFixture({ minScheduleMs: 0 });
  const message = await fixture.master.messages.create(scheduled(1_500));
  assert.deepEqual([message.status, message.dateSent, message.price], ["scheduled", null, null]);
  const record = async () => (await fixture.master.usage.records.list({ category: "sms-outbound" }))[0]?.count;
  assert.equal(await record(), "0");
  const second = await fixture.master.messages.create({ ...scheduled(1_500), to: "+14155550124" });
  await fixture.sim("POST", "inbound", { from: "+14155550124", to: second.from, body: "STOP" });
  await rejectsWith(20009, 400, fixture.master.messages(message.sid).remove());
  await eventually("both ends", async () => {
    const of = async (sid: string) => await fixture.master.messages(sid).fetch();
    return (await of(message.sid)).status === "delivered" && (await of(second.sid)).errorCode === 21610;
  });
});

Deno.test("A scheduled message can be canceled and is then never sent; any other message answers 30409", async () => {
  await using fixture = await startFixture({ minScheduleMs: 0 });
  const { sid } = await fixture.master.messages.create(scheduled(1_000));
  assert.equal((await fixture.master.messages(sid).update({ status: "canceled" })).status, "canceled");
  const other = await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  await rejectsWith(30409, 400, fixture.master.messages(other.sid).update({ status: "canceled" }));
  await finished(fixture, other.sid);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  assert.equal((await fixture.master.messages(sid).fetch()).status, "canceled");
});

Deno.test("A message is scheduled from 5 minutes to 35 days ahead, and any other schedule answers its error", async () => {
  await using fixture = await startFixture();
  const [minute, day] = [60_000, 86_400_000];
  for (const ahead of [6 * minute, 30 * day, 35 * day - minute]) {
    assert.equal((await fixture.master.messages.create(scheduled(ahead))).status, "scheduled");
  }
  const refused = (code: number, change: object, aheadMs = day) =>
    rejectsWith(code, 400, fixture.master.messages.create({ ...scheduled(aheadMs), ...change }));
  await refused(35114, {}, 4 * minute);
  await refused(35114, {}, 35 * day + minute);
  await refused(35114, {}, -day);
  await refused(35114, { sendAt: "tomorrow" });
  await refused(35111, { sendAt: undefined });
  await refused(35126, { scheduleType: "optimize" });
  await fixture.sim("POST", "settings", { minScheduleMs: 900_000 });
  await refused(35114, {}, 14 * minute);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const statuses = (await fixture.master.messages.list()).map(({ status }) => status);
  assert.deepEqual(statuses, ["scheduled", "scheduled", "scheduled"], "none is sent early");
});

Deno.test("A schedule without a messaging service is dropped, or refused with 35118", async () => {
  await using fixture = await startFixture();
  const message = {
    ...scheduled(86_400_000),
    messagingServiceSid: undefined as unknown as string,
    from: "+15005550006",
  };
  const { sid, status } = await fixture.master.messages.create(message);
  assert.equal(status, "queued");
  assert.equal((await finished(fixture, sid)).status, "delivered");
  await fixture.sim("POST", "settings", { scheduleWithoutService: "refuse" });
  await rejectsWith(35118, 400, fixture.master.messages.create(message));
});

Deno.test("A message with media is an MMS whose media are listed and fetched with their types", async () => {
  await using fixture = await startFixture();
  const message = await fixture.master.messages.create({
    from: "+15005550006",
    to: HANDSET,
    mediaUrl: ["https://example.com/a.png", "https://example.com/b.pdf"],
  });
  assert.match(message.sid, /^MM/);
  assert.equal(message.numMedia, "2");
  const media = await fixture.master.messages(message.sid).media.list();
  assert.deepEqual(media.map((item) => item.contentType), ["image/png", "application/pdf"]);
  const [first] = media;
  assert.ok(first);
  assert.equal((await fixture.master.messages(message.sid).media(first.sid).fetch()).parentSid, message.sid);
});

Deno.test("Messages are listed by recipient, sender and time, including queued ones", async () => {
  await using fixture = await startFixture({ lifecycle: { sentMs: 5_000, deliveredMs: 6_000, priceMs: 7_000 } });
  const from = await masterNumber(fixture);
  const startedAt = new Date();
  const first = await fixture.master.messages.create({ from, to: HANDSET, body: "1" });
  const second = await fixture.master.messages.create({ from: "+15005550006", to: "+14155550124", body: "2" });
  const sids = async (filter: Parameters<typeof fixture.master.messages.list>[0]) =>
    (await fixture.master.messages.list(filter)).map((message) => message.sid);
  const [hour, day] = [3_600_000, 86_400_000];
  const at = (ms: number) => new Date(startedAt.getTime() + ms);
  assert.deepEqual(await sids({ to: HANDSET }), [first.sid]);
  assert.deepEqual(await sids({ from: "+15005550006" }), [second.sid]);
  assert.deepEqual(await sids({ dateSentAfter: startedAt, dateSentBefore: at(hour) }), [second.sid, first.sid]);
  assert.deepEqual(await sids({ to: HANDSET, dateSentAfter: at(hour) }), []);
  assert.deepEqual(await sids({ dateSentBefore: at(-hour) }), []);
  assert.deepEqual(await sids({ dateSent: at(-2 * day) }), []);
  const today = startedAt.toISOString().slice(0, 10) as unknown as Date;
  assert.deepEqual(await sids({ dateSent: today }), [second.sid, first.sid]);
});

Deno.test("A DateSent filter selects a day in UTC, also when the SDK sends it as an instant", async () => {
  await using fixture = await startFixture();
  const { sid } = await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  const { dateSent } = await finished(fixture, sid);
  const day = dateSent.toISOString().slice(0, 10);
  const shifted = (days: number) => new Date(Date.parse(day) + days * 86_400_000);
  const count = async (filter: Parameters<typeof fixture.master.messages.list>[0]) =>
    (await fixture.master.messages.list(filter)).length;
  assert.equal(await count({ dateSent: new Date(day) }), 1, "the midnight of the day");
  assert.equal(await count({ dateSent }), 1);
  assert.deepEqual([await count({ dateSent: shifted(-1) }), await count({ dateSent: shifted(1) })], [0, 0]);
  const path = `${fixture.url}/2010-04-01/Accounts/${fixture.accountSid}/Messages.json`;
  const read = async (query: string) => {
    const headers = { authorization: `Basic ${btoa(`${fixture.accountSid}:${fixture.authToken}`)}` };
    const body = await (await fetch(`${path}?${query}`, { headers })).json();
    return body.code ?? body.messages.length;
  };
  const [eve, morrow] = [shifted(-1).toISOString().slice(0, 10), shifted(1).toISOString().slice(0, 10)];
  for (
    const [query, expected] of [
      [`DateSent=${day}`, 1],
      [`DateSent=${eve}`, 0],
      [`DateSent>=${day}`, 1],
      [`DateSent>=${morrow}`, 0],
      [`DateSent<=${day}`, 1],
      [`DateSent<=${eve}`, 0],
      [`DateSent%3E=${eve}T23:59:59Z&DateSent%3C=${morrow}T02:00:00%2B0200`, 1],
      [`DateSent%3E=${morrow}T00:00:00`, 0],
      [`DateSent=${encodeURIComponent(">=" + day)}`, 20001],
      ["DateSent=2026-02-30", 20001],
      ["DateSent=yesterday%201", 20001],
    ] as const
  ) {
    assert.equal(await read(query), expected, query);
  }
});

Deno.test("With listQueuedByDateSent false, a DateSent filter lists a message only after it is sent", async () => {
  await using fixture = await startFixture({
    listQueuedByDateSent: false,
    lifecycle: { sentMs: 300, deliveredMs: 310, priceMs: 320 },
  });
  const { sid } = await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  const yesterday = new Date(Date.now() - 86_400_000);
  const listed = async () => (await fixture.master.messages.list({ to: HANDSET, dateSentAfter: yesterday })).length;
  assert.equal(await listed(), 0);
  assert.equal((await fixture.master.messages.list({ to: HANDSET })).length, 1);
  await fixture.sim("POST", "settings", { listQueuedByDateSent: true });
  assert.equal(await listed(), 1);
  await fixture.sim("POST", "settings", { listQueuedByDateSent: false });
  await finished(fixture, sid);
  assert.equal(await listed(), 1);
});

Deno.test("With readDelayMs, a new message is neither listed nor found until the delay has passed", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "settings", { readDelayMs: 400 });
  const { sid } = await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  assert.deepEqual(await fixture.master.messages.list({ to: HANDSET }), []);
  await rejectsWith(20404, 404, fixture.master.messages(sid).fetch());
  await eventually("the message", async () => (await fixture.master.messages.list({ to: HANDSET })).length === 1);
  assert.equal((await fixture.master.messages(sid).fetch()).status, "delivered");
});

Deno.test("The SDK lists 120 messages across pages, each once", async () => {
  await using fixture = await startFixture();
  for (let index = 0; index < 120; index++) {
    await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: String(index) });
  }
  const bodies = (await fixture.master.messages.list()).map((message) => Number(message.body));
  assert.deepEqual(bodies, Array.from({ length: 120 }, (_, index) => 119 - index));
});

Deno.test("A delivered message can be redacted and deleted, a queued one cannot", async () => {
  await using fixture = await startFixture({ lifecycle: { sentMs: 200, deliveredMs: 210, priceMs: 220 } });
  const { sid } = await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "secret" });
  await rejectsWith(20009, 400, fixture.master.messages(sid).remove());
  await rejectsWith(20009, 400, fixture.master.messages(sid).update({ body: "" }));
  await finished(fixture, sid);
  await rejectsWith(20009, 400, fixture.master.messages(sid).update({ body: "other" }));
  assert.equal((await fixture.master.messages(sid).update({ body: "" })).body, "");
  assert.equal(await fixture.master.messages(sid).remove(), true);
  await rejectsWith(20404, 404, fixture.master.messages(sid).fetch());
});

Deno.test("Fetching a message of another account answers 404", async () => {
  await using fixture = await startFixture();
  const wendy = await fixture.subaccount("wendy");
  const { sid } = await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  await rejectsWith(20404, 404, wendy.client.messages(sid).fetch());
});

Deno.test("Property: the API returns any body up to 60 graphemes unchanged", async () => {
  await using fixture = await startFixture();
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((body) => body.length <= 1600);
  await fc.assert(
    fc.asyncProperty(text, async (body) => {
      const message = await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body });
      assert.equal(message.body, body);
      assert.ok(Number(message.numSegments) >= 1);
    }),
    { numRuns: 40 },
  );
});
