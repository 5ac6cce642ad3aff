import assert from "node:assert/strict";
import fc from "fast-check";
import type { MessagesQuery } from "../../client/switchboard.ts";
import type { Actor } from "../../local/driver/actor.ts";
import { assertInvalid } from "../support/answers.ts";
import { campaignBecomes, campaigner, freshRecipients, isSettled, startCampaign } from "../support/campaigning.ts";
import { wrote } from "../support/past-messages.ts";
import { sharedStage, test } from "../support/stage.ts";
import { freshNumber, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

const bodiesOf = async ({ switchboard }: Actor, query: MessagesQuery = {}) =>
  (await switchboard.listMessages(query)).messages.map(({ body }) => body);

const idsOf = ({ switchboard }: Actor, query: MessagesQuery) =>
  Array.fromAsync(switchboard.everyMessage(query), ({ id }) => id);

test("sent and received messages are listed newest first, each with all its fields", async () => {
  const ada = await withNumber(stage, "ada");
  const peer = freshRecipient();
  const sent = await ada.switchboard.sendSms({ to: peer, body: "Hello ✓", mediaUrls: ["https://example.com/a.png"] });
  const { messageSid } = await stage.twilio.inbound({ from: peer, to: ada.number, body: "Hi" });
  const { messages: [answer, first, ...others], next } = await ada.switchboard.listMessages();
  assert.deepEqual([others, next], [[], null]);
  assert.deepEqual([answer?.sid, answer?.direction, answer?.from, answer?.body], [messageSid, "inbound", peer, "Hi"]);
  assert.deepEqual([first?.id, first?.sid, first?.direction, first?.to, first?.segments, first?.encoding], [
    sent.id,
    sent.sid,
    "outbound",
    peer,
    1,
    "UCS-2",
  ]);
  assert.deepEqual(first?.media, [{ url: "https://example.com/a.png", contentType: null }]);
  for (const { createdAt, statusUpdatedAt } of [answer!, first!]) {
    for (const time of [createdAt, statusUpdatedAt]) assert.equal(new Date(time).toISOString(), time);
  }
});

/** One message of each kind, identified by its text. */
async function tenantWithMessages() {
  const ada = await newcomer(stage, "ada");
  const [one, two, peer, other] = [freshNumber(), freshNumber(), freshRecipient(), freshRecipient()];
  await wrote(stage, ada, one, [
    { with: peer, body: "received", ago: 400 },
    { with: peer, body: "delivered", direction: "outbound", ago: 300 },
    { with: other, body: "failed", direction: "outbound", status: "failed", ago: 200 },
  ]);
  await wrote(stage, ada, two, [{ with: peer, body: "elsewhere", ago: 100 }]);
  return { ada, one, two, peer, other };
}

test("each filter returns the messages it matches, and filters together those that match all", async () => {
  const { ada, one, two, peer, other } = await tenantWithMessages();
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
  const expected: [MessagesQuery, string[]][] = [
    [{}, ["elsewhere", "failed", "delivered", "received"]],
    [{ direction: "inbound" }, ["elsewhere", "received"]],
    [{ direction: "outbound" }, ["failed", "delivered"]],
    [{ status: "failed" }, ["failed"]],
    [{ status: "failed,received" }, ["elsewhere", "failed", "received"]],
    [{ number: one }, ["failed", "delivered", "received"]],
    [{ with: peer }, ["elsewhere", "delivered", "received"]],
    [{ number: one, with: peer }, ["delivered", "received"]],
    [{ number: two, with: other }, []],
    [{ since: ago(250) }, ["elsewhere", "failed"]],
    [{ until: ago(250) }, ["delivered", "received"]],
    [{ since: ago(350), until: ago(150) }, ["failed", "delivered"]],
    [{ direction: "outbound", number: one, with: peer, status: "delivered" }, ["delivered"]],
    [{ limit: 1 }, ["elsewhere"]],
  ];
  for (const [query, bodies] of expected) assert.deepEqual(await bodiesOf(ada, query), bodies, JSON.stringify(query));
});

test("a number's + that is not percent-encoded is accepted", async () => {
  const { ada, one, peer } = await tenantWithMessages();
  const { body } = await ada.call(`list-messages?number=${one}&with=${peer}`);
  assert.deepEqual(body.messages.map((message: { body: string }) => message.body), ["delivered", "received"]);
  const { body: listed } = await ada.call(`list-conversations?number=${one}`);
  assert.equal(listed.conversations.length, 2);
});

test("since and until take any time zone; since is inclusive, until exclusive", async () => {
  const ada = await newcomer(stage, "ada");
  const number = freshNumber();
  await wrote(stage, ada, number, [{ with: freshRecipient(), body: "then", ago: 0 }]);
  await stage.database
    .sql`update public.sms_messages set created_at = '2026-03-01T12:00:00Z' where user_id = ${ada.id}`;
  const noon = ["2026-03-01T12:00:00Z", "2026-03-01T14:00:00+02:00", "2026-03-01T12:00:00.000000Z"];
  for (const since of noon) assert.deepEqual(await bodiesOf(ada, { since }), ["then"], since);
  for (const until of noon) assert.deepEqual(await bodiesOf(ada, { until }), [], until);
  // Without the encoding of the `+`, which then arrives as a blank.
  const { body } = await ada.call("list-messages?since=2026-03-01T14:00:00+02:00");
  assert.deepEqual(body.messages.map((message: { body: string }) => message.body), ["then"]);
});

test("the messages of a campaign are listed by its id, for its tenant only", async () => {
  const [ada, ben] = [await campaigner(stage, "ada"), await newcomer(stage, "ben")];
  const recipients = freshRecipients(3);
  const campaignId = await startCampaign(ada, recipients);
  await campaignBecomes(ada, campaignId, isSettled);
  await ada.switchboard.sendSms({ to: freshRecipient(), body: "alone" });
  const { messages } = await ada.switchboard.listMessages({ campaignId });
  assert.deepEqual(messages.map(({ to }) => to).sort(), recipients.sort());
  assert.deepEqual(new Set(messages.map((message) => message.campaignId)), new Set([campaignId]));
  assert.deepEqual((await ben.switchboard.listMessages({ campaignId })).messages, []);
  assert.deepEqual((await ada.switchboard.listMessages({ campaignId: crypto.randomUUID() })).messages, []);
});

test("a search matches the beginnings and parts of words, all given words, and digits of the peer's number", async () => {
  const ada = await newcomer(stage, "ada");
  const number = freshNumber();
  await wrote(stage, ada, number, [
    { with: "+14155550101", body: "Your table for two is ready", ago: 5 },
    { with: "+493012345678", body: "Wie wäre es mit Käse? Größe M, ÄRGER", ago: 4 },
    { with: "+14155550199", body: "Two tables, please: o'clock is 7:30, see https://a.test/menu.pdf", ago: 3 },
    { with: "+441632960961", body: null, ago: 2 },
    { with: "+14155550142", body: "Row B12, order ABC-4711 👍🏽", ago: 1 },
    { with: "+14155550143", body: "明日の会議室は三階です", ago: 0 },
  ]);
  const whichOf: Record<string, number[]> = {
    "table": [2, 0],
    "TAB": [2, 0],
    "tab two": [2, 0],
    "two ready": [0],
    "ready  your": [0],
    "able": [],
    "käse": [1],
    "KÄS grö": [1],
    "ärger": [1],
    "kase": [1],
    "ka\u0308se": [1],
    "abc": [4],
    "ABC-47": [4],
    "4711": [4],
    "b12": [4],
    "12": [4],
    "👍": [4],
    "会議": [5],
    "会議室は三": [5],
    "会室": [],
    "menu": [2],
    "pdf": [2],
    "o'clock": [2],
    "7:30": [2],
    "a.test": [2],
    "https://a.test/me": [2],
    "https://a.test/menu.pdf": [2],
    "415": [5, 4, 2, 0],
    "(415) 555-01": [5, 4, 2, 0],
    "030 1234": [1],
    "0049 30": [1],
    "+49 (0)30": [1],
    "+1 415 555 0199": [2],
    "0199": [2],
    "632960": [3],
    "99": [],
    "+493012345678": [1],
    "nothing like it": [],
  };
  const { messages } = await ada.switchboard.listMessages();
  const ids = messages.map(({ id }) => id).reverse();
  for (const [search, expected] of Object.entries(whichOf)) {
    const found = (await ada.switchboard.listMessages({ search })).messages.map(({ id }) => ids.indexOf(id));
    assert.deepEqual(found, expected, search);
  }
  assert.deepEqual(await bodiesOf(ada, { search: "table", direction: "outbound" }), []);
});

test("unusual searches find their text or nothing, and never fail", async () => {
  const ada = await newcomer(stage, "ada");
  await wrote(stage, ada, freshNumber(), [{
    with: freshRecipient(),
    body: "It's 100% \\ safe & sound | done :* !(a <-> b)",
  }]);
  const odd = [
    "'",
    "''",
    "\\",
    "\\'",
    "a\\",
    "'\\'",
    "&",
    "|",
    "!",
    "!!",
    "(",
    ")",
    "a & ",
    ":*",
    "<->",
    "a <-> b",
    "%",
    "_",
    '"',
    '"a',
    "-",
    "--",
    "/*",
    ";",
    "$$",
    "😀",
    "é",
    "e\u0301",
    "\u200b",
    "\u202e",
    "a".repeat(200),
    "1e9",
    "+",
    "-1",
    ".5",
    "@",
    "a@b.c",
    "<b>",
    "&amp;",
    "http://",
    "//\\'",
    "a'b:*c",
    "x:A",
    "\t\n",
    "١٢٣",
    "ﬁ",
  ];
  for (const search of odd) {
    const { status, body } = await ada.call(`list-messages?${new URLSearchParams({ search })}`);
    assert.ok(
      status === 200 || (status === 400 && search.trim() === ""),
      `${JSON.stringify(search)}: ${status} ${body.message}`,
    );
  }
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 60 }), async (search) => {
      const { status, body } = await ada.call(`list-messages?${new URLSearchParams({ search })}`);
      assert.ok(
        status === 200 || (status === 400 && body.code === "invalid_input"),
        `${status} ${JSON.stringify(body)}`,
      );
    }),
    { numRuns: 150 },
  );
});

test("pages neither omit nor repeat a message while others arrive, and end", async () => {
  const ada = await withNumber(stage, "ada");
  const there = await wrote(
    stage,
    ada,
    ada.number,
    Array.from({ length: 23 }, (_, index) => ({ with: freshRecipient(), ago: 100 + index })),
  );
  const seen: string[] = [];
  for await (const { id } of ada.switchboard.everyMessage({ limit: 5 })) {
    seen.push(id);
    if (seen.length % 5 === 2) await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "Me too" });
  }
  assert.deepEqual(seen, there);
  assert.equal((await idsOf(ada, { limit: 5 })).length, 28);
});

test("messages with the same timestamp to the microsecond are paged without gaps", async () => {
  const ada = await newcomer(stage, "ada");
  const there = await wrote(stage, ada, freshNumber(), Array.from({ length: 12 }, () => ({ with: freshRecipient() })));
  await stage.database.sql`
    update public.sms_messages m set created_at = '2026-03-01T12:00:00.123456Z'::timestamptz + make_interval(secs => n.n % 3 * 0.000001)
    from (select id, row_number() over () as n from public.sms_messages where user_id = ${ada.id}) n where n.id = m.id`;
  for (const limit of [1, 2, 5, 12]) {
    const seen = await idsOf(ada, { limit });
    assert.deepEqual([seen.length, new Set(seen)], [12, new Set(there)], `pages of ${limit}`);
  }
  assert.deepEqual(await idsOf(ada, { limit: 2 }), await idsOf(ada, { limit: 12 }));
});

test("the page with the last message has a null cursor, or the next page is empty", async () => {
  const ada = await newcomer(stage, "ada");
  await wrote(stage, ada, freshNumber(), [{ with: freshRecipient() }, { with: freshRecipient() }]);
  assert.equal((await ada.switchboard.listMessages({ limit: 3 })).next, null);
  const { next } = await ada.switchboard.listMessages({ limit: 2 });
  assert.deepEqual(await ada.switchboard.listMessages({ limit: 2, cursor: next ?? undefined }), {
    messages: [],
    next: null,
  });
});

test("pages keep their filters", async () => {
  const { ada, one, peer } = await tenantWithMessages();
  const bodies = await Array.fromAsync(
    ada.switchboard.everyMessage({ number: one, with: peer, limit: 1 }),
    ({ body }) => body,
  );
  assert.deepEqual(bodies, ["delivered", "received"]);
});

test("a tenant cannot list another tenant's messages, with any filter, search or cursor", async () => {
  const [{ ada, one, peer }, ben] = [await tenantWithMessages(), await newcomer(stage, "ben")];
  await wrote(stage, ben, freshNumber(), [{ with: freshRecipient(), body: "Ben's", ago: 1_000 }]);
  const { next } = await ada.switchboard.listMessages({ limit: 1 });
  const queries: MessagesQuery[] = [{ number: one }, { with: peer }, { number: one, with: peer }, {
    search: "received",
  }, { search: peer }];
  for (const query of queries) assert.deepEqual(await bodiesOf(ben, query), [], JSON.stringify(query));
  assert.deepEqual(await bodiesOf(ben), ["Ben's"]);
  assert.deepEqual(await bodiesOf(ben, { cursor: next ?? undefined }), ["Ben's"]);
});

const asCursor = (value: unknown) =>
  btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

test("an invalid cursor is refused as invalid_input", async () => {
  const ada = await newcomer(stage, "ada");
  const id = crypto.randomUUID();
  const made = [
    "",
    "x",
    "%00",
    "null",
    asCursor(null),
    asCursor({}),
    asCursor([]),
    asCursor([id]),
    asCursor(["2026-01-01T00:00:00Z"]),
    asCursor(["yesterday", id]),
    asCursor(["2026-01-01", id]),
    asCursor(["2026-01-01T00:00:00Z", "1 or 1=1"]),
    asCursor(["2026-01-01T00:00:00Z", id, 1]),
    asCursor(["2026-13-01T00:00:00Z", id]),
    asCursor(["2026-02-30T00:00:00Z", id]),
    asCursor(["0000-01-01T00:00:00Z", id]),
    asCursor(["infinity", id]),
    asCursor([0, id]),
    "A".repeat(501),
    "é",
  ];
  for (const cursor of made) {
    assertInvalid(await ada.call(`list-messages?${new URLSearchParams({ cursor })}`), ["cursor"]);
  }
  for (const cursor of [asCursor(["2026-01-01T00:00:00Z", id]), asCursor(["0001-01-01T00:00:00+00:00", id])]) {
    assert.deepEqual((await ada.call(`list-messages?cursor=${cursor}`)).body, { messages: [], next: null });
  }
});
