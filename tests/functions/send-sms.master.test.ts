import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { becomes, ledgerOf, sendsTo } from "../support/ledger.ts";
import { signUpOperator } from "../support/operators.ts";
import { sharedStage, test } from "../support/stage.ts";
import { allow, freshNumber, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

const send = (tenant: Actor, to: string, from?: string) =>
  tenant.call("send-sms", { body: { to, body: "Hello", from } });

/** The numbers of the master account, once the job that reads them has run. The stack offers the first. */
async function sharedNumbers(): Promise<string[]> {
  const rows = await eventually("the master account's numbers to be known", async () => {
    const found = await stage.database.sql`select phone_number from private.master_numbers order by phone_number`;
    return found.length > 0 && found;
  });
  return rows.map((row) => row["phone_number"]);
}

const setOffered = (isOffered: boolean, ...which: string[]) =>
  stage.database.sql`update private.master_numbers set is_offered = ${isOffered} where phone_number = any(${which})`;

test("a user who never had a subaccount sends through the master account, and the response shows it", async () => {
  const [shared] = await sharedNumbers();
  const ben = await newcomer(stage, "ben");
  const to = freshRecipient();
  const { status, body } = await send(ben, to);
  assert.deepEqual([status, body.source, body.from], [201, "master", shared], body.message);
  assert.match(body.notice, /shared number of the platform.*no subaccount/);
  const [sent] = await sendsTo(stage, to);
  assert.equal(sent?.account, stage.state.twilio.accountSid);
  const row = await becomes(stage, ben, "delivered");
  assert.deepEqual([row.source, row.account_sid], ["master", stage.state.twilio.accountSid]);
});

test("a number of the master account may be given as sender, any other number is refused", async () => {
  const numbers = await sharedNumbers();
  const [ben, ada] = await Promise.all([newcomer(stage, "ben"), withNumber(stage, "ada")]);
  const last = numbers.at(-1)!;
  await setOffered(true, last);
  try {
    assert.equal((await send(ben, freshRecipient(), last)).body.from, last);
  } finally {
    await setOffered(false, last);
  }
  for (const from of [ada.number, freshNumber()]) {
    assertRefused(await send(ben, freshRecipient(), from), [403, "number_not_owned"]);
  }
});

test("a number of the master account cannot be used until an operator offers it, and no longer once it is withdrawn", async () => {
  const [first, second] = await sharedNumbers() as [string, string];
  const [ben, operator] = await Promise.all([newcomer(stage, "ben"), signUpOperator(stage)]);
  const offer = (phoneNumber: string, isOffered: boolean) =>
    operator.call("admin/offer-number", { body: { phoneNumber, isOffered, reason: "for a test" } });
  assertRefused(await send(ben, freshRecipient(), second), [403, "number_not_owned"]);
  try {
    const offered = await offer(second, true);
    assert.deepEqual([offered.status, offered.body], [200, { phoneNumber: second, isOffered: true }]);
    assert.equal((await offer(first, false)).status, 200);
    assertRefused(await send(ben, freshRecipient(), first), [403, "number_not_owned"]);
    assert.equal((await send(ben, freshRecipient())).body.from, second);
    assert.equal((await offer(second, false)).status, 200);
    assertRefused(await send(ben, freshRecipient()), [409, "number_required"]);
  } finally {
    await Promise.all([offer(first, true), offer(second, false)]);
  }
  assertRefused(await offer(freshNumber(), true), [404, "not_found"]);
  assertRefused(
    await ben.call("admin/offer-number", { body: { phoneNumber: first, isOffered: true, reason: "mine" } }),
    [
      403,
      "forbidden",
    ],
  );
  const trail = await stage.database.sql`
    select action from public.audit_log where actor = ${`operator:${operator.id}`} order by id`;
  assert.deepEqual(trail.map(({ action }) => action), [
    "number.offered",
    "number.withdrawn",
    "number.withdrawn",
    "number.offered",
  ]);
});

const UNCONFIRMED: Record<string, object> = {
  "is anonymous": { is_anonymous: true },
  "has confirmed no address": { email_confirmed_at: null },
};

for (const [title, columns] of Object.entries(UNCONFIRMED)) {
  test(`a user who ${title} cannot send through the master account`, async () => {
    await sharedNumbers();
    const eve = await newcomer(stage, "eve");
    await stage.database.sql`update auth.users set ${stage.database.sql(columns)} where id = ${eve.id}`;
    const to = freshRecipient();
    const refused = await send(eve, to);
    assertRefused(refused, [403, "user_not_confirmed"]);
    assert.match(refused.body.message, /confirm your e-mail address or phone number/);
    assert.deepEqual([await sendsTo(stage, to), await ledgerOf(stage, eve)], [[], []]);
  });
}

test("a recipient gets at most five messages a day from all users of the shared numbers", async () => {
  await sharedNumbers();
  const to = freshRecipient();
  const users = await Promise.all(Array.from({ length: 6 }, () => newcomer(stage, "eve")));
  const answers = [];
  for (const eve of users) answers.push(await send(eve, to));
  assert.deepEqual(answers.map(({ status }) => status), [201, 201, 201, 201, 201, 429]);
  const details = assertRefused(answers[5]!, [429, "message_limit_reached"]);
  assert.deepEqual(details, [{ limit: 5, period: "today to one recipient" }]);
  assert.deepEqual(await ledgerOf(stage, users[5]!), []);
});

test("a user who deletes their account and signs up again with the same address does not send more", async () => {
  await sharedNumbers();
  const eve = await newcomer(stage, "eve");
  await stage.database.sql`update public.plans set daily_message_limit = 1 where key = 'fallback'`;
  try {
    assert.equal((await send(eve, freshRecipient())).status, 201);
    await stage.database.sql`delete from auth.users where id = ${eve.id}`;
    const again = await newcomer(stage, "eve");
    await stage.database.sql`update auth.users set email = ${eve.email.replace("@", "+again@")} where id = ${again.id}`;
    const details = assertRefused(await send(again, freshRecipient()), [429, "message_limit_reached"]);
    assert.deepEqual(details, [{ limit: 1, period: "today" }]);
  } finally {
    await stage.database.sql`update public.plans set daily_message_limit = 20 where key = 'fallback'`;
  }
});

test("the fallback has narrow limits of its own", async () => {
  await sharedNumbers();
  const ben = await newcomer(stage, "ben");
  await stage.database.sql`
    insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source)
    select ${ben.id}, 'outbound', '+14155550100', '+14155550101', 'delivered', ${stage.state.twilio.accountSid}, 'master'
    from generate_series(1, 20)`;
  const to = freshRecipient();
  const details = assertRefused(await send(ben, to), [429, "message_limit_reached"]);
  assert.deepEqual(details, [{ limit: 20, period: "today" }]);
  assert.deepEqual(await sendsTo(stage, to), []);
});

test("a user with a new subaccount sends through it, and no longer through the master account", async () => {
  const [shared] = await sharedNumbers();
  const ben = await newcomer(stage, "ben");
  assert.equal((await send(ben, freshRecipient())).body.source, "master");
  await ben.call("provision-subaccount", { method: "POST" });
  assertRefused(await send(ben, freshRecipient()), [409, "number_required"]);
  assertRefused(await send(ben, freshRecipient(), shared), [403, "number_not_owned"]);
});

/** Users who never had a subaccount and are not allowed to have one. */
const BARRED: Record<string, { bar: (ben: Actor) => Promise<unknown>; code: string }> = {
  "is suspended by an operator": {
    bar: (ben) => stage.database.hold(ben.id, "suspended"),
    code: "subaccount_suspended",
  },
  "is closed by an operator": { bar: (ben) => stage.database.hold(ben.id, "closed"), code: "subaccount_closed" },
  "has stopped paying": {
    bar: async (ben) => {
      await allow(stage, ben, {});
      await stage.database.sql`update public.subscriptions set status = 'unpaid' where user_id = ${ben.id}`;
    },
    code: "subaccount_suspended",
  },
  "was deleted": {
    bar: (ben) => stage.database.sql`delete from auth.users where id = ${ben.id}`,
    code: "subaccount_closed",
  },
};

for (const [title, { bar, code }] of Object.entries(BARRED)) {
  test(`a user without a subaccount who ${title} cannot send through the master account`, async () => {
    const [shared] = await sharedNumbers();
    const ben = await newcomer(stage, "ben");
    await bar(ben);
    const to = freshRecipient();
    for (const from of [undefined, shared]) assertRefused(await send(ben, to, from), [403, code]);
    assert.deepEqual([await sendsTo(stage, to), await ledgerOf(stage, ben)], [[], []]);
  });
}
