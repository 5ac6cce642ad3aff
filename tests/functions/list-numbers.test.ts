import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { contract } from "../../supabase/functions/list-numbers/contract.ts";
import { sharedStage, test } from "../support/stage.ts";
import { allow, buy, freshNumber, newcomer, provisioned, quiescence, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

async function list(tenant: Actor) {
  const { status, body } = await tenant.call("list-numbers");
  assert.equal(status, 200, body.message);
  contract.operations[0].responses[200].parse(body);
  return body;
}

/** The master account's numbers are known once their job has run for the first time. */
const sharedNumbersAreKnown = () =>
  eventually("the master account's numbers to be known", async () => {
    return (await stage.database.sql`select from private.master_numbers`).length > 0;
  });

test("a tenant's numbers are listed with the primary one first, then in the order of purchase", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 3 });
  const bought = [await buy(ada, freshNumber()), await buy(ada, freshNumber()), await buy(ada, freshNumber())];
  await stage.database.sql.begin(async (sql) => {
    await sql`update public.user_twilio_numbers set is_primary = false where user_id = ${ada.id}`;
    await sql`update public.user_twilio_numbers set is_primary = true where phone_number = ${bought[2]!}`;
  });
  const { source, notice, numbers } = await list(ada);
  assert.deepEqual([source, notice], ["subaccount", undefined]);
  assert.deepEqual(numbers.map((one: { phoneNumber: string }) => one.phoneNumber), [bought[2], bought[0], bought[1]]);
  const { id, phoneSid, friendlyName, ...rest } = numbers[0];
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.match(phoneSid, /^PN[0-9a-f]{32}$/);
  assert.equal(typeof friendlyName, "string");
  assert.deepEqual(rest, {
    phoneNumber: bought[2],
    capabilities: { sms: true, mms: true, voice: true },
    isPrimary: true,
    status: "active",
    source: "subaccount",
  });
});

test("a tenant sees no other tenant's numbers", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), withNumber(stage, "ben")]);
  assert.deepEqual((await list(ben)).numbers.map((one: { phoneNumber: string }) => one.phoneNumber), [ben.number]);
  assert.deepEqual((await list(ada)).numbers.map((one: { phoneNumber: string }) => one.phoneNumber), [ada.number]);
});

test("a user who never had a subaccount sees the offered numbers of the master account, marked as shared", async () => {
  await sharedNumbersAreKnown();
  const ada = await newcomer(stage, "ada");
  const { source, notice, numbers } = await list(ada);
  assert.equal(source, "master");
  assert.match(notice, /no subaccount yet.*shared numbers of the platform/);
  const masters = await stage.twilio.numbersOf(stage.state.twilio.accountSid);
  // The stack offers the first; the other was never offered.
  assert.equal(masters.length, 2);
  assert.deepEqual(
    numbers.map((one: { phoneNumber: string }) => one.phoneNumber),
    [masters.map((one) => one.phone_number).sort()[0]],
  );
  for (const { isPrimary, source, status } of numbers) {
    assert.deepEqual([isPrimary, source, status], [false, "master", "active"]);
  }
});

test("a number of the master account that is not offered is not listed", async () => {
  await sharedNumbersAreKnown();
  const ada = await newcomer(stage, "ada");
  const [hidden] = (await list(ada)).numbers;
  const offer = (isOffered: boolean) =>
    stage.database
      .sql`update private.master_numbers set is_offered = ${isOffered} where phone_number = ${hidden.phoneNumber}`;
  await offer(false);
  try {
    const { numbers } = await list(ada);
    assert.deepEqual(numbers.filter((one: { phoneNumber: string }) => one.phoneNumber === hidden.phoneNumber), []);
  } finally {
    await offer(true);
  }
});

test("a tenant with a subaccount but without a number sees the shared numbers as examples", async () => {
  await sharedNumbersAreKnown();
  const { source, notice } = await list(await provisioned(stage, "ada"));
  assert.equal(source, "master");
  assert.match(notice, /Buy a number of your own to send/);
});

for (const hold of ["suspended", "closed"] as const) {
  test(`a ${hold} tenant sees no number of the master account`, async () => {
    await sharedNumbersAreKnown();
    const ada = await provisioned(stage, "ada");
    await stage.database.hold(ada.id, hold);
    await quiescence(stage, ada);
    assert.deepEqual(await list(ada), { source: "subaccount", numbers: [] });
  });

  test(`a user who is ${hold} before they ever had a subaccount sees no number of the master account`, async () => {
    await sharedNumbersAreKnown();
    const ada = await newcomer(stage, "ada");
    await stage.database.hold(ada.id, hold);
    assert.deepEqual(await list(ada), { source: "subaccount", numbers: [] });
  });
}

test("list-numbers does not call Twilio", async () => {
  const ada = await withNumber(stage, "ada");
  const before = (await stage.twilio.requests()).at(-1)?.id ?? 0;
  await list(ada);
  const asked = (await stage.twilio.requests(before)).filter(({ path }) => path.includes(ada.accountSid));
  assert.deepEqual(asked, []);
});

async function overview(tenant: Actor) {
  const { status, body } = await tenant.call("list-numbers/overview");
  assert.equal(status, 200, body.message);
  return contract.operations[1].responses[200].parse(body);
}

test("the overview shows the limits before and after a purchase, and when numbers were compared with Twilio", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 2 });
  const before = await overview(ada);
  assert.deepEqual([before.numbers, before.inProgress, before.scheduled], [{ limit: 2, held: 0 }, [], []]);
  await buy(ada, freshNumber());
  const after = await overview(ada);
  assert.deepEqual(after.numbers, { limit: 2, held: 1 });
  assert.equal(after.purchases.month.left, before.purchases.month.left - 1);
  assert.equal(after.purchases.month.resetsAt, null);
  assert.ok(after.spending.left < before.spending.left);
  const begun = Date.now();
  assert.equal((await ada.call("sync-numbers", { method: "POST" })).status, 200);
  assert.ok(Math.abs(Date.parse((await overview(ada)).comparedAt ?? "") - begun) < 60_000);
});

test("the overview of a user without a subaccount shows the limits of the plan without a subscription", async () => {
  const ada = await newcomer(stage, "ada");
  const { numbers, comparedAt } = await overview(ada);
  const [free] = await stage.database.sql`select max_numbers from public.plans where key = 'free'`;
  assert.deepEqual([numbers, comparedAt], [{ limit: free!["max_numbers"], held: 0 }, null]);
});
