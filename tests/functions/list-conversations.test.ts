import assert from "node:assert/strict";
import type { ConversationsQuery } from "../../client/switchboard.ts";
import type { Actor } from "../../local/driver/actor.ts";
import { assertInvalid } from "../support/answers.ts";
import { CAT } from "../support/media.ts";
import { wrote } from "../support/past-messages.ts";
import { sharedStage, test } from "../support/stage.ts";
import { freshNumber, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

/** The pairs of numbers, in the order of the list. */
const pairsOf = ({ switchboard }: Actor, query: ConversationsQuery = {}) =>
  switchboard.listConversations(query).then(({ conversations }) =>
    conversations.map((one) => `${one.number} ${one.with}`)
  );

async function everyPair({ switchboard }: Actor, limit: number, between = () => Promise.resolve()): Promise<string[]> {
  const pairs: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await switchboard.listConversations({ limit, cursor });
    pairs.push(...page.conversations.map((one) => `${one.number} ${one.with}`));
    cursor = page.next ?? undefined;
    await between();
  } while (cursor !== undefined);
  return pairs;
}

test("messages in both directions between two numbers are one conversation, shown with its last message", async () => {
  const ada = await withNumber(stage, "ada");
  const peer = freshRecipient();
  const sent = await ada.switchboard.sendSms({ to: peer, body: "Hello" });
  const shown = async () => (await ada.switchboard.listConversations()).conversations;
  const [first, ...others] = await shown();
  assert.deepEqual([first?.number, first?.with, first?.lastMessage.id, first?.lastMessage.direction, others], [
    ada.number,
    peer,
    sent.id,
    "outbound",
    [],
  ]);
  await stage.twilio.inbound({ from: peer, to: ada.number, body: "Hi", media: [CAT] });
  const [answered, ...more] = await shown();
  const { lastMessage, lastMessageAt } = answered!;
  assert.deepEqual([lastMessage.body, lastMessage.direction, lastMessage.status, lastMessage.mediaCount, more], [
    "Hi",
    "inbound",
    "received",
    1,
    [],
  ]);
  assert.equal(lastMessageAt, lastMessage.createdAt);
  assert.equal(new Date(lastMessageAt).toISOString(), lastMessageAt);
});

test("the conversation with the latest message comes first, and one number's conversations can be listed", async () => {
  const ada = await newcomer(stage, "ada");
  const [one, two, peer, other] = [freshNumber(), freshNumber(), freshRecipient(), freshRecipient()];
  await wrote(stage, ada, one, [{ with: peer, ago: 300 }, { with: other, ago: 200 }]);
  await wrote(stage, ada, two, [{ with: peer, ago: 100 }]);
  assert.deepEqual(await pairsOf(ada), [`${two} ${peer}`, `${one} ${other}`, `${one} ${peer}`]);
  assert.deepEqual(await pairsOf(ada, { number: one }), [`${one} ${other}`, `${one} ${peer}`]);
  await wrote(stage, ada, one, [{ with: peer, direction: "outbound", ago: 50 }]);
  assert.deepEqual(await pairsOf(ada), [`${one} ${peer}`, `${two} ${peer}`, `${one} ${other}`]);
  await wrote(stage, ada, one, [{ with: other, ago: 5_000 }]); // an old message, recorded late
  assert.deepEqual((await pairsOf(ada))[0], `${one} ${peer}`);
});

test("a conversation has the messages list-messages returns for its number and peer", async () => {
  const ada = await newcomer(stage, "ada");
  const [one, two, peer] = [freshNumber(), freshNumber(), freshRecipient()];
  await wrote(stage, ada, two, [{ with: peer, body: "elsewhere" }]);
  await wrote(stage, ada, one, [{ with: peer, body: "a", ago: 3 }, {
    with: peer,
    body: "b",
    direction: "outbound",
    ago: 2,
  }]);
  const [conversation] = (await ada.switchboard.listConversations({ limit: 1 })).conversations;
  const { messages } = await ada.switchboard.listMessages({ number: conversation!.number, with: conversation!.with });
  assert.deepEqual(messages.map(({ body }) => body), ["b", "a"]);
  assert.equal(conversation!.lastMessage.id, messages[0]!.id);
});

test("a conversation shows that the peer has opted out, until they opt in again", async () => {
  const ada = await withNumber(stage, "ada");
  const [friend, foe] = [freshRecipient(), freshRecipient()];
  await stage.twilio.inbound({ from: friend, to: ada.number, body: "Hi" });
  await stage.twilio.inbound({ from: foe, to: ada.number, body: "STOP" });
  const left = async () =>
    Object.fromEntries(
      (await ada.switchboard.listConversations()).conversations.map((one) => [one.with, one.optedOut]),
    );
  assert.deepEqual(await left(), { [friend]: false, [foe]: true });
  await stage.twilio.inbound({ from: foe, to: ada.number, body: "START" });
  assert.deepEqual(await left(), { [friend]: false, [foe]: false });
});

test("a message Twilio refused creates no conversation", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.twilio.fault({
    match: `POST /Accounts/${ada.accountSid}/Messages`,
    kind: "429",
    retryAfter: 0,
    times: 3,
  });
  assert.equal((await ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello" } })).status, 429);
  assert.deepEqual(await pairsOf(ada), []);
});

test("pages of any size list each conversation once, including those with the same timestamp", async () => {
  const ada = await newcomer(stage, "ada");
  const numbers = [freshNumber(), freshNumber()];
  for (const number of numbers) {
    await wrote(
      stage,
      ada,
      number,
      Array.from({ length: 6 }, (_, index) => ({ with: freshRecipient(), ago: index % 2 * 10 })),
    );
  }
  await stage.database.sql`
    update public.sms_conversations set last_message_at = date_trunc('minute', last_message_at) + interval '0.123456 seconds'
    where user_id = ${ada.id}`;
  const whole = await pairsOf(ada);
  assert.equal(new Set(whole).size, 12);
  for (const limit of [1, 4, 5, 12]) assert.deepEqual(await everyPair(ada, limit), whole, `pages of ${limit}`);
});

test("a message that arrives between pages is on top, and moves no later conversation", async () => {
  const ada = await withNumber(stage, "ada");
  await wrote(
    stage,
    ada,
    ada.number,
    Array.from({ length: 10 }, (_, index) => ({ with: freshRecipient(), ago: 60 + index })),
  );
  const before = await pairsOf(ada);
  const seen = await everyPair(ada, 3, async () => {
    await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "Hi" });
  });
  assert.deepEqual(seen, before);
});

test("a tenant cannot list another tenant's conversations, with any number or cursor", async () => {
  const [ada, ben] = [await newcomer(stage, "ada"), await newcomer(stage, "ben")];
  const [number, peer] = [freshNumber(), freshRecipient()];
  await wrote(stage, ada, number, [{ with: peer, body: "for Ada" }, { with: freshRecipient() }]);
  await wrote(stage, ben, freshNumber(), [{ with: peer, body: "for Ben", ago: 500 }]);
  const { next } = await ada.switchboard.listConversations({ limit: 1 });
  const told = await ben.switchboard.listConversations({ cursor: next ?? undefined });
  assert.deepEqual(told.conversations.map(({ lastMessage }) => lastMessage.body), ["for Ben"]);
  assert.deepEqual(await pairsOf(ben, { number }), []);
});

test("an invalid cursor is refused as invalid_input", async () => {
  const ada = await newcomer(stage, "ada");
  const asCursor = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  const time = "2026-01-01T00:00:00Z";
  for (
    const cursor of [
      "x",
      asCursor([time]),
      asCursor([time, 1, 2]),
      asCursor(["now", "+1", "+2"]),
      asCursor([time, "x".repeat(65), "y"]),
    ]
  ) {
    assertInvalid(await ada.call(`list-conversations?${new URLSearchParams({ cursor })}`), ["cursor"]);
  }
});
