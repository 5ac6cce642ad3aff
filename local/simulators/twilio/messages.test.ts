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

async function settled(fixture: Fixture, sid: string) {
  await eventually(`${sid} to settle`, async () => {
    const { status } = await fixture.master.messages(sid).fetch();
    return !["accepted", "queued", "sent"].includes(status);
  });
  return await fixture.master.messages(sid).fetch();
}

Deno.test("a message is queued at first, then sent, delivered, and priced below zero", async () => {
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

Deno.test("segments are counted as Twilio counts them, in GSM-7 and in UCS-2", async () => {
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

const REFUSALS: [code: number, request: Record<string, unknown>][] = [
  [21211, { to: "+15005550001" }],
  [21211, { to: "nobody" }],
  [21612, { to: "+15005550002" }],
  [21408, { to: "+15005550003" }],
  [21610, { to: "+15005550004" }],
  [21614, { to: "+15005550009" }],
  [21212, { from: "+15005550001" }],
  [21212, { from: "12" }],
  [21606, { from: "+15005550007" }],
  [21611, { from: "+15005550008" }],
  [21606, { from: "+14155550199" }],
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

for (const [code, request] of REFUSALS) {
  const shown = JSON.stringify(request, (_, value) => value === undefined ? "absent" : value).slice(0, 60);
  Deno.test(`a message with ${shown} is refused with ${code}, and nothing is sent`, async () => {
    await using fixture = await startFixture();
    const good = { from: "+15005550006", to: HANDSET, body: "Hello" };
    await rejectsWith(code, 400, fixture.master.messages.create({ ...good, ...request } as typeof good));
    assert.deepEqual(await fixture.master.messages.list(), []);
  });
}

Deno.test("the magic sender is everyone's, a real number its account's alone, and one that cannot text nobody's", async () => {
  await using fixture = await startFixture();
  const tom = await fixture.subaccount("tom");
  await tom.client.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  const masters = await masterNumber(fixture);
  await rejectsWith(21606, 400, tom.client.messages.create({ from: masters, to: HANDSET, body: "x" }));
  const own = await tom.client.incomingPhoneNumbers.create({ areaCode: "404" });
  await tom.client.messages.create({ from: own.phoneNumber, to: HANDSET, body: "x" });
  const [london] = await tom.client.availablePhoneNumbers("GB").local.list({ limit: 1 });
  assert.ok(london);
  const voiceOnly = await tom.client.incomingPhoneNumbers.create({ phoneNumber: london.phoneNumber });
  await rejectsWith(21606, 400, tom.client.messages.create({ from: voiceOnly.phoneNumber, to: HANDSET, body: "x" }));
});

Deno.test("a local StatusCallback is refused with 21609 where that is switched on", async () => {
  await using strict = await startFixture({ allowLocalCallbacks: false });
  const message = { from: "+15005550006", to: HANDSET, body: "x" };
  for (const host of ["localhost:1", "127.0.0.1", "[::1]:8"]) {
    const statusCallback = `http://${host}/status`;
    await rejectsWith(21609, 400, strict.master.messages.create({ ...message, statusCallback }));
  }
});

Deno.test("a trial account texts verified numbers only, and has one subaccount", async () => {
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
  Deno.test(`a message to ${to} ends ${status} with ${errorCode}`, async () => {
    await using fixture = await startFixture();
    const { sid } = await fixture.master.messages.create({ from: "+15005550006", to, body: "x" });
    const ended = await settled(fixture, sid);
    assert.deepEqual([ended.status, ended.errorCode], [status, errorCode]);
    assert.ok(ended.errorMessage);
  });
}

Deno.test("an outcome decided for a number is how messages to it end, until outcomes are cleared", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "outcomes", { to: HANDSET, status: "undelivered", errorCode: 30006 });
  const send = () => fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  const failed = await settled(fixture, (await send()).sid);
  assert.deepEqual([failed.status, failed.errorCode], ["undelivered", 30006]);
  await fixture.sim("DELETE", "outcomes");
  assert.equal((await settled(fixture, (await send()).sid)).status, "delivered");
});

Deno.test("a message still queued when its account is suspended fails with 30002", async () => {
  await using fixture = await startFixture({ lifecycle: { sentMs: 150, deliveredMs: 160, priceMs: 170 } });
  const uma = await fixture.subaccount("uma");
  const { sid } = await uma.client.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  await fixture.master.api.v2010.accounts(uma.sid).update({ status: "suspended" });
  const asParent = fixture.master.api.v2010.accounts(uma.sid).messages(sid);
  await eventually("the failure", async () => (await asParent.fetch()).status === "failed");
  assert.equal((await asParent.fetch()).errorCode, 30002);
});

Deno.test("a messaging service picks the account's number, begins as accepted, and needs a number", async () => {
  await using fixture = await startFixture();
  const messagingServiceSid = `MG${"a".repeat(32)}`;
  const message = await fixture.master.messages.create({ messagingServiceSid, to: HANDSET, body: "x" });
  assert.equal(message.status, "accepted");
  assert.equal(message.messagingServiceSid, messagingServiceSid);
  assert.equal((await settled(fixture, message.sid)).status, "delivered");
  const vic = await fixture.subaccount("vic");
  await rejectsWith(21703, 400, vic.client.messages.create({ messagingServiceSid, to: HANDSET, body: "x" }));
});

Deno.test("media make an MMS, listed and fetched with their types", async () => {
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

Deno.test("messages are listed by recipient, sender and time sent; one just queued is found too", async () => {
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

Deno.test("more than fifty messages come in pages, each once", async () => {
  await using fixture = await startFixture();
  for (let index = 0; index < 120; index++) {
    await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: String(index) });
  }
  const bodies = (await fixture.master.messages.list()).map((message) => Number(message.body));
  assert.deepEqual(bodies, Array.from({ length: 120 }, (_, index) => 119 - index));
});

Deno.test("a delivered message is redacted by an empty body, then deleted; a queued one is neither", async () => {
  await using fixture = await startFixture({ lifecycle: { sentMs: 200, deliveredMs: 210, priceMs: 220 } });
  const { sid } = await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "secret" });
  await rejectsWith(20009, 400, fixture.master.messages(sid).remove());
  await rejectsWith(20009, 400, fixture.master.messages(sid).update({ body: "" }));
  await settled(fixture, sid);
  await rejectsWith(20009, 400, fixture.master.messages(sid).update({ body: "other" }));
  assert.equal((await fixture.master.messages(sid).update({ body: "" })).body, "");
  assert.equal(await fixture.master.messages(sid).remove(), true);
  await rejectsWith(20404, 404, fixture.master.messages(sid).fetch());
});

Deno.test("a message of one account is unknown to another", async () => {
  await using fixture = await startFixture();
  const wendy = await fixture.subaccount("wendy");
  const { sid } = await fixture.master.messages.create({ from: "+15005550006", to: HANDSET, body: "x" });
  await rejectsWith(20404, 404, wendy.client.messages(sid).fetch());
});

Deno.test("any text of at most 1,600 characters comes back as it was sent", async () => {
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
