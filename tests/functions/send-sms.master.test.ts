import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { becomes, ledgerOf, sendsTo } from "../support/ledger.ts";
import { sharedStage, test } from "../support/stage.ts";
import { allow, freshNumber, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

const send = (tenant: Actor, to: string, from?: string) =>
  tenant.call("send-sms", { body: { to, body: "Hello", from } });

/** The numbers of the master account, once the job that reads them has run. */
async function sharedNumbers(): Promise<string[]> {
  const rows = await eventually("the master account's numbers to be known", async () => {
    const found = await stage.database.sql`select phone_number from private.master_numbers order by phone_number`;
    return found.length > 0 && found;
  });
  return rows.map((row) => row["phone_number"]);
}

test("a user who never had a subaccount sends through the master account, and the response shows it", async () => {
  const [shared] = await sharedNumbers();
  const ben = await newcomer(stage, "ben");
  const to = freshRecipient();
  const { status, body } = await send(ben, to);
  assert.deepEqual([status, body.source, body.from], [201, "master", shared], body.message);
  assert.match(body.notice, /shared number.*master account.*no subaccount/);
  const [sent] = await sendsTo(stage, to);
  assert.equal(sent?.account, stage.state.twilio.accountSid);
  const row = await becomes(stage, ben, "delivered");
  assert.deepEqual([row.source, row.account_sid], ["master", stage.state.twilio.accountSid]);
});

test("a number of the master account may be given as sender, any other number is refused", async () => {
  const numbers = await sharedNumbers();
  const [ben, ada] = await Promise.all([newcomer(stage, "ben"), withNumber(stage, "ada")]);
  const last = numbers.at(-1)!;
  assert.equal((await send(ben, freshRecipient(), last)).body.from, last);
  for (const from of [ada.number, freshNumber()]) {
    assertRefused(await send(ben, freshRecipient(), from), [403, "number_not_owned"]);
  }
});

test("a number of the master account that is not offered cannot be used", async () => {
  const numbers = await sharedNumbers();
  const ben = await newcomer(stage, "ben");
  const offer = (offered: boolean, ...which: string[]) =>
    stage.database.sql`update private.master_numbers set is_offered = ${offered} where phone_number = any(${which})`;
  await offer(false, numbers[0]!);
  try {
    assertRefused(await send(ben, freshRecipient(), numbers[0]), [403, "number_not_owned"]);
    assert.equal((await send(ben, freshRecipient())).body.from, numbers[1]);
    await offer(false, ...numbers);
    assertRefused(await send(ben, freshRecipient()), [409, "number_required"]);
  } finally {
    await offer(true, ...numbers);
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
