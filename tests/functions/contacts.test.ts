import assert from "node:assert/strict";
import type { ConversationsQuery } from "../../client/switchboard.ts";
import type { Actor } from "../../local/driver/actor.ts";
import { assertRefused } from "../support/answers.ts";
import { wrote } from "../support/past-messages.ts";
import { sharedStage, test } from "../support/stage.ts";
import { freshNumber, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

const namesOf = async ({ switchboard }: Actor, query = {}) =>
  (await Array.fromAsync(switchboard.everyContact({ limit: 2, ...query }))).map(({ name }) => name);

test("a contact is added once, changed field by field, listed and deleted, for its tenant alone", async () => {
  const [ada, ben] = await Promise.all([newcomer(stage, "ada"), newcomer(stage, "ben")]);
  const phoneNumber = freshRecipient();
  const wish = { phoneNumber, name: " Ann \n Lee ", notes: "Calls back", tags: ["VIP", "vip ", ""] };
  const { contact, outcome } = await ada.switchboard.saveContact(wish);
  assert.equal(outcome, "added");
  const { createdAt, updatedAt, ...fields } = contact;
  assert.deepEqual(fields, { phoneNumber, name: "Ann Lee", notes: "Calls back", tags: ["VIP"] });
  for (const time of [createdAt, updatedAt]) assert.equal(new Date(time).toISOString(), time);
  assert.deepEqual(await ada.switchboard.saveContact(wish), { contact, outcome: "unchanged" });
  const national = { phoneNumber: `(${phoneNumber.slice(2, 5)}) ${phoneNumber.slice(5)}`, defaultCountry: "US" };
  const changed = await ada.switchboard.saveContact({ ...national, name: null, tags: null });
  assert.equal(changed.outcome, "updated");
  assert.deepEqual([changed.contact.name, changed.contact.notes, changed.contact.tags], [null, "Calls back", []]);

  assert.deepEqual((await ada.switchboard.contacts({ phoneNumber })).contacts, [changed.contact]);
  assert.deepEqual(await ben.switchboard.contacts({ phoneNumber }), { contacts: [], next: null });
  assert.deepEqual(await ben.switchboard.deleteContact({ phoneNumber }), { deleted: false });
  assert.deepEqual(await ada.switchboard.deleteContact(national), { deleted: true });
  assert.deepEqual(await ada.switchboard.deleteContact({ phoneNumber }), { deleted: false });
  assert.deepEqual(await namesOf(ada), []);
});

test("an import adds and changes contacts, rejects bad rows by themselves, and repeated changes nothing", async () => {
  const ada = await newcomer(stage, "ada");
  const [one, two, three] = [freshRecipient(), freshRecipient(), freshRecipient()];
  await ada.switchboard.saveContact({ phoneNumber: one, name: "Zoë", notes: "Stays" });
  const contacts = [
    { phoneNumber: one, name: "Zora", tags: ["lead"] },
    { phoneNumber: two.slice(2), name: "Élodie", tags: ["Lead", "vip"] },
    { phoneNumber: "tomorrow", name: "Bob" },
    { phoneNumber: three, name: "adam", tags: ["x".repeat(41)] },
    { phoneNumber: two, notes: "Twice" },
    { phoneNumber: three, name: "adam" },
  ];
  const { rejected, ...counts } = await ada.switchboard.importContacts({ contacts, defaultCountry: "US" });
  assert.deepEqual(counts, { added: 2, updated: 1, unchanged: 0, repeated: 1 });
  assert.deepEqual(rejected, [
    { index: 2, phoneNumber: "tomorrow", code: "invalid_number", message: "has no phone number in international form" },
    {
      index: 3,
      phoneNumber: three,
      code: "invalid_tags",
      message: "has tags that are not at most 20 texts of at most 40 characters",
    },
  ]);
  const again = await ada.switchboard.importContacts({ contacts, defaultCountry: "US" });
  assert.deepEqual({ ...again, rejected: [] }, { added: 0, updated: 0, unchanged: 3, repeated: 1, rejected: [] });
  assert.deepEqual(await namesOf(ada), ["adam", "Élodie", "Zora"]);
  assert.deepEqual(await namesOf(ada, { search: "elo" }), ["Élodie"]);
  assert.deepEqual(await namesOf(ada, { search: one.slice(-7) }), ["Zora"]);
  assert.deepEqual(await namesOf(ada, { tag: "LEAD" }), ["Élodie", "Zora"]);
  assert.deepEqual((await ada.switchboard.contacts({ phoneNumber: one })).contacts[0]?.notes, "Stays");
  const { tags } = await ada.switchboard.contactTags();
  assert.deepEqual(tags.map(({ tag, contacts }) => `${tag.toLowerCase()} ${contacts}`), ["lead 2", "vip 1"]);
});

test("a tenant with 50,000 contacts cannot add another, but change and delete what there is", async () => {
  const ada = await newcomer(stage, "ada");
  const [one, two] = [freshRecipient(), freshRecipient()];
  await ada.switchboard.saveContact({ phoneNumber: one });
  // As if there were so many: the count decides.
  await stage.database.sql`update private.contact_counts set contacts = 50000 where user_id = ${ada.id}`;
  assertRefused(await ada.call("contacts", { body: { phoneNumber: two } }), [409, "too_many_contacts"]);
  assert.equal((await ada.switchboard.saveContact({ phoneNumber: one, name: "Ann" })).outcome, "updated");
  const { added, updated, unchanged, rejected } = await ada.switchboard.importContacts({
    contacts: [{ phoneNumber: two }, { phoneNumber: one }],
  });
  assert.deepEqual([added, updated, unchanged], [0, 0, 1]);
  assert.deepEqual(rejected.map(({ index, phoneNumber, code }) => [index, phoneNumber, code]), [
    [0, two, "too_many_contacts"],
  ]);
  await ada.switchboard.deleteContact({ phoneNumber: one });
  assert.equal((await ada.switchboard.saveContact({ phoneNumber: two })).outcome, "added");
});

test("a deleted user's token saves no contact", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.database.sql`delete from auth.users where id = ${ada.id}`;
  assertRefused(await ada.call("contacts", { body: { phoneNumber: freshRecipient() } }), [401, "unauthorized"]);
});

test("received messages are unread until they are marked as read, up to the newest one that was shown", async () => {
  const ada = await withNumber(stage, "ada");
  const [peer, other] = [freshRecipient(), freshRecipient()];
  for (const from of [peer, peer, other]) await stage.twilio.inbound({ from, to: ada.number, body: "Hi" });
  const shown = async () => {
    const { conversations, unreadConversations } = await ada.switchboard.listConversations();
    return [unreadConversations, Object.fromEntries(conversations.map((one) => [one.with, one.unread]))];
  };
  assert.deepEqual(await shown(), [2, { [peer]: 2, [other]: 1 }]);
  const conversation = { number: ada.number, with: peer };
  const { messages: [newest, first] } = await ada.switchboard.listMessages(conversation);
  const states = [];
  for (const mark of [{ until: first!.createdAt }, { until: newest!.createdAt }, {}, { unread: true as const }]) {
    states.push(await ada.switchboard.markRead({ ...conversation, ...mark }));
  }
  assert.deepEqual(states, [
    { unread: 1, unreadConversations: 2 },
    { unread: 0, unreadConversations: 1 },
    { unread: 0, unreadConversations: 1 },
    { unread: 1, unreadConversations: 2 },
  ]);
  await stage.twilio.inbound({ from: peer, to: ada.number, body: "Hello?" });
  assert.deepEqual(await shown(), [2, { [peer]: 2, [other]: 1 }]);
  const ben = await newcomer(stage, "ben");
  assertRefused(await ben.call("mark-read", { body: conversation }), [404, "not_found"]);
});

test("conversations are filtered by what is unread, failed, opted out, tagged and searched for", async () => {
  const ada = await newcomer(stage, "ada");
  const number = freshNumber();
  const [unread, failed, optedOut, plain] = [freshRecipient(), freshRecipient(), freshRecipient(), freshRecipient()];
  await wrote(stage, ada, number, [
    { with: unread, ago: 40 },
    { with: failed, direction: "outbound", status: "undelivered", ago: 30 },
    { with: optedOut, direction: "outbound", ago: 20 },
    { with: plain, direction: "outbound", ago: 10 },
  ]);
  await stage.database.sql`
    update public.sms_messages set error_code = 30003, error_message = 'Unreachable' where user_id = ${ada.id} and peer_number = ${failed}`;
  await ada.switchboard.addOptOuts({ optOuts: [{ recipient: optedOut }] });
  await ada.switchboard.importContacts({
    contacts: [{ phoneNumber: plain, name: "Ann Lee", tags: ["VIP"] }, { phoneNumber: failed, tags: ["vip", "late"] }],
  });
  const found = async (query: ConversationsQuery) =>
    (await Array.fromAsync(ada.switchboard.everyConversation({ limit: 1, ...query }))).map((one) => one.with);
  assert.deepEqual(await found({ unread: true }), [unread]);
  assert.deepEqual(await found({ unread: false }), [plain, optedOut, failed]);
  assert.deepEqual(await found({ failed: true }), [failed]);
  assert.deepEqual(await found({ optedOut: true }), [optedOut]);
  assert.deepEqual(await found({ tag: "Vip" }), [plain, failed]);
  assert.deepEqual(await found({ tag: "vip", failed: true, number }), [failed]);
  assert.deepEqual(await found({ search: "le an" }), [plain]);
  assert.deepEqual(await found({ search: optedOut.slice(2) }), [optedOut]);
  assert.deepEqual(await found({ number, with: unread }), [unread]);
  const { conversations: [withContact, , withFailure] } = await ada.switchboard.listConversations();
  assert.deepEqual(withContact?.contact, { name: "Ann Lee", tags: ["VIP"] });
  assert.deepEqual([withFailure?.lastMessage.errorCode, withFailure?.lastMessage.errorMessage], [30003, "Unreachable"]);
});

test("a thread is opened at a message from both sides: older ones before it, it and newer ones after it", async () => {
  const ada = await newcomer(stage, "ada");
  const [number, peer] = [freshNumber(), freshRecipient()];
  const ids = await wrote(
    stage,
    ada,
    number,
    Array.from({ length: 9 }, (_, n) => ({ with: peer, body: `${n}`, ago: 90 - n })),
  );
  // Three of one millisecond, two of them of one microsecond.
  await stage.database.sql`
    update public.sms_messages set created_at = date_trunc('second', now() - interval '86 seconds')
      + case when body = '3' then interval '500.1 milliseconds' else interval '500.7 milliseconds' end
    where user_id = ${ada.id} and body in ('3', '4', '5')`;
  const thread = { number, with: peer, limit: 2 };
  const textsOf = (query: object) =>
    Array.fromAsync(ada.switchboard.everyMessage({ ...thread, ...query }), ({ body }) => body);
  const newest = await textsOf({});
  assert.deepEqual((await textsOf({ order: "oldest" })).toReversed(), newest);
  const opened = await ada.switchboard.message(ids[4]!);
  assert.equal(opened?.body, "4");
  const [before, after] = [
    await textsOf({ until: opened.createdAt }),
    await textsOf({ since: opened.createdAt, order: "oldest" }),
  ];
  assert.deepEqual([...after.toReversed(), ...before], newest);
  assert.deepEqual([before.length, after[0]], [3, "3"]);
  const ben = await newcomer(stage, "ben");
  assert.equal(await ben.switchboard.message(ids[4]!), null);
  assert.deepEqual(await Array.fromAsync(ben.switchboard.everyMessage({ ...thread, order: "oldest" })), []);
});
