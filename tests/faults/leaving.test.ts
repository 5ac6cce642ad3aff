import assert from "node:assert/strict";
import fc from "fast-check";
import { accountsOf } from "./harness/asserts.ts";
import { atStripe, buyOwnPlan, deleteUser, deliver, hold, signUp } from "./harness/people.ts";
import { comeToRest, drainOnce } from "./harness/quiescence.ts";
import { type Fault, FAULTS, Trap } from "./harness/traps.ts";
import type { World } from "./harness/world.ts";
import { worldUnderTest } from "./harness/worlds.ts";

const theWorld = worldUnderTest();
const DAY = 86_400;

function test(title: string, body: (world: World) => Promise<void>): void {
  Deno.test({
    name: title,
    sanitizeOps: false, // the world's servers outlive a test
    sanitizeResources: false,
    fn: async () => {
      const world = theWorld();
      await world.reset();
      await body(world);
    },
  });
}

interface Leaver {
  userId: string;
  subscriptionId: string;
  sid: string;
}

/** A number at Twilio: its SID and the account that it is in. */
type Owned = Map<string, string>;

/** A paying tenant with numbers, of which the database knows all but the last. */
async function payer(world: World, numbers: number, action: "release" | "park", unknown = 0): Promise<Leaver> {
  await world.sql`update public.plans set leaving_numbers = ${action}, past_due_grace = '7 days', retention = '30 days',
    release_notice = '7 days', parking = '30 days' where key = 'team'`;
  const userId = await signUp(world);
  const { subscriptionId, eventIds } = await buyOwnPlan(world, userId);
  await deliver(world, eventIds);
  await drainOnce(world);
  const [account] = await accountsOf(world, userId);
  for (let index = 0; index < numbers; index++) {
    await buy(world, userId, account!.sid, index < numbers - unknown);
  }
  return { userId, subscriptionId, sid: account!.sid };
}

let digits = 2_000_000;

async function buy(world: World, userId: string, sid: string, isKnown: boolean, country = "+1628"): Promise<string> {
  const phoneNumber = `${country}${digits += 1}`;
  const response = await world.twilio.post(`/Accounts/${sid}/IncomingPhoneNumbers.json`, { PhoneNumber: phoneNumber });
  const number = await response.json();
  if (!response.ok) throw new Error(`Cannot buy ${phoneNumber}: ${number.message}`);
  if (isKnown) {
    await world.sql`insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, capabilities, account_sid)
      values (${userId}, ${phoneNumber}, ${number.sid}, '{"sms": true}', ${sid})`;
  }
  return number.sid;
}

async function cancel(world: World, { subscriptionId }: Leaver): Promise<void> {
  await deliver(world, await atStripe(world, subscriptionId, "cancel"));
  await comeToRest(world);
}

async function payAgain(world: World, userId: string): Promise<void> {
  const { eventIds } = await buyOwnPlan(world, userId);
  await deliver(world, eventIds);
}

/** All numbers at Twilio. */
async function ownedNumbers(world: World, userId: string): Promise<Owned> {
  const accounts = (await accountsOf(world, userId)).filter(({ status }) => status !== "closed");
  const sids = [world.twilio.accountSid, ...accounts.map(({ sid }) => sid)];
  const lists = await Promise.all(sids.map((sid) => world.twilio.numbersOf(sid)));
  return new Map(lists.flatMap((numbers, index) => numbers.map(({ sid }) => [sid as string, sids[index]!] as const)));
}

interface LeavingRow {
  phone_sid: string;
  state: string;
  reason: string | null;
  is_due: boolean;
}

const leavingRows = async (world: World, userId: string) => [
  ...await world.sql<LeavingRow[]>`select phone_sid, state, reason, due_at <= now() as is_due
    from private.leaving_numbers where user_id = ${userId} order by phone_sid`,
];

const heldRows = async (world: World, userId: string) =>
  [
    ...await world.sql<{ phone_sid: string }[]>`select phone_sid from public.user_twilio_numbers
    where user_id = ${userId} and is_held`,
  ].map(({ phone_sid }) => phone_sid);

const openAlerts = async (world: World) => [
  ...await world.sql<
    { subject: string; details: { reason: string } }[]
  >`select subject, details from public.operator_alerts
    where kind = 'unpaid_account' and settled_at is null`,
];

/** Time passes in steps, with the convergence of each. At the end everything comes to rest. */
async function pass(world: World, days: number): Promise<void> {
  for (; days > 8; days -= 8) {
    await leap(world, 8);
    await drainOnce(world);
  }
  await leap(world, days);
  await comeToRest(world);
}

async function leap(world: World, days: number): Promise<void> {
  await world.advance(days * DAY);
  await world.sql`update private.schedules set due_at = now() where name = 'converge-drifted'`;
}

async function sweep(world: World): Promise<void> {
  await world.sql`update private.schedules set due_at = now() where name = 'sweep'`;
  await comeToRest(world);
}

/** The writes about numbers and accounts at Twilio since a request, in words. */
async function writesSince(world: World, since: number): Promise<string[]> {
  const requests = (await world.twilio.requests(since)).filter(({ method, status }) =>
    method !== "GET" && status! < 300
  );
  return requests.map(({ method, path, form }) =>
    path.includes("IncomingPhoneNumbers") ? (method === "DELETE" ? "release" : `move`) : `set ${form["Status"]}`
  );
}

test("the numbers of a suspended account whose retention is over are released in order, a week after a dated notice", async (world) => {
  const leaver = await payer(world, 2, "release");
  await cancel(world, leaver);
  await pass(world, 22);
  assert.equal((await world.sql`select from public.tenant_notices`).length, 0);
  await pass(world, 2);
  const notices = await world.sql<{ action: string; days: number }[]>`
    select details ->> 'action' as action, round(extract(epoch from l.due_at - now()) / 86400)::int as days
    from public.tenant_notices n join private.leaving_numbers l on l.phone_number = n.details ->> 'phoneNumber'
    where n.user_id = ${leaver.userId} and n.kind = 'number.release_scheduled'`;
  assert.deepEqual([...notices], [{ action: "release", days: 7 }, { action: "release", days: 7 }]);
  await pass(world, 4);
  assert.equal((await ownedNumbers(world, leaver.userId)).size, 2);
  const since = (await world.twilio.requests()).at(-1)!.id;
  await pass(world, 4);
  assert.deepEqual(await writesSince(world, since), ["set active", "release", "release", "set closed"]);
  assert.deepEqual(await heldRows(world, leaver.userId), []);
  assert.deepEqual(await leavingRows(world, leaver.userId), []);
});

test("a tenant is held while the account is active at Twilio for its numbers to leave", async (world) => {
  const leaver = await payer(world, 1, "release");
  await cancel(world, leaver);
  await pass(world, 28);
  await leap(world, 4);
  await drainOnce(world, { traps: [new Trap("database: note_leaving_step", "dies before")] });
  assert.deepEqual(await accountsOf(world, leaver.userId), [{ sid: leaver.sid, status: "active" }]);
  const [held] = await world.sql`select (private.account_of(${leaver.userId})).status as account,
    private.is_leaving(${leaver.userId}) as leaving`;
  assert.deepEqual({ ...held }, { account: "suspended", leaving: true });
  await comeToRest(world);
  assert.deepEqual(await accountsOf(world, leaver.userId), [{ sid: leaver.sid, status: "closed" }]);
});

test("a parked number belongs to no other tenant, returns to one who pays again, and is otherwise released", async (world) => {
  const leaver = await payer(world, 1, "park");
  const [phoneSid] = await heldRows(world, leaver.userId);
  await cancel(world, leaver);
  await pass(world, 32);
  assert.equal((await ownedNumbers(world, leaver.userId)).get(phoneSid!), world.twilio.accountSid);
  const [parked] = await world.twilio.numbersOf(world.twilio.accountSid);
  assert.equal(parked.sms_url, "");
  const [kept] = await world.sql<{ kept: number }[]>`select public.replace_master_numbers(${
    world.sql.json([{
      phoneSid: phoneSid!,
      phoneNumber: parked.phone_number,
      friendlyName: "x",
      capabilities: { sms: true },
    }])
  }) as kept`;
  assert.equal(kept!.kept, 0);
  await payAgain(world, leaver.userId);
  await comeToRest(world);
  const account = (await accountsOf(world, leaver.userId)).find(({ status }) => status === "active");
  const [returned] = await world.twilio.numbersOf(account!.sid);
  assert.equal(returned.sid, phoneSid);
  assert.match(returned.sms_url, new RegExp(leaver.userId));
  assert.deepEqual(await heldRows(world, leaver.userId), [phoneSid]);
  const [subscription] = await world.sql`select id from public.subscriptions where status = 'active'`;
  await cancel(world, { ...leaver, subscriptionId: subscription!["id"] });
  await pass(world, 60);
  assert.equal((await ownedNumbers(world, leaver.userId)).size, 1);
  await pass(world, 4);
  assert.equal((await ownedNumbers(world, leaver.userId)).size, 0);
  assert.deepEqual(await leavingRows(world, leaver.userId), []);
});

/** A paying tenant with one British number, which needs an address of the account that it is in. */
async function payerInBritain(world: World): Promise<Leaver & { phoneSid: string }> {
  await world.twilio.configure({ regulations: { GB: { address: "any", bundle: false } } });
  const leaver = await payer(world, 0, "park");
  const phoneSid = await buyInBritain(world, leaver.sid);
  await world.sql`insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, capabilities, account_sid)
    values (${leaver.userId}, '+442079460001', ${phoneSid}, '{"sms": true}', ${leaver.sid})`;
  return { ...leaver, phoneSid };
}

async function buyInBritain(world: World, sid: string): Promise<string> {
  const response = await world.twilio.post(`/Accounts/${sid}/IncomingPhoneNumbers.json`, {
    PhoneNumber: "+442079460001",
    AddressSid: await world.twilio.address(sid, "GB"),
  });
  return (await response.json()).sid;
}

test("a regulated number without papers of the master account is listed with the reason, and released later", async (world) => {
  const leaver = await payerInBritain(world);
  await cancel(world, leaver);
  await pass(world, 32);
  const [row] = await leavingRows(world, leaver.userId);
  assert.deepEqual({ state: row?.state, isDue: row?.is_due }, { state: "kept", isDue: false });
  assert.match(row!.reason!, /Address/);
  assert.match((await openAlerts(world))[0]!.details.reason, /Address/);
  assert.deepEqual(await accountsOf(world, leaver.userId), [{ sid: leaver.sid, status: "suspended" }]);
  await pass(world, 32);
  assert.deepEqual(await accountsOf(world, leaver.userId), [{ sid: leaver.sid, status: "closed" }]);
  assert.deepEqual([await leavingRows(world, leaver.userId), await openAlerts(world)], [[], []]);
});

test("a regulated number is parked with papers, and one that cannot return to a tenant who pays again is never released", async (world) => {
  const leaver = await payerInBritain(world);
  const addressSid = await world.twilio.address(world.twilio.accountSid, "GB");
  await world.sql`insert into private.parking_papers (prefix, address_sid) values ('+44', ${addressSid}), ('+1', null)`;
  await cancel(world, leaver);
  await pass(world, 32);
  const [parked] = await world.twilio.numbersOf(world.twilio.accountSid);
  assert.deepEqual([parked.sid, parked.address_sid], [leaver.phoneSid, addressSid]);
  await payAgain(world, leaver.userId);
  await comeToRest(world);
  await pass(world, 64);
  const [row] = await leavingRows(world, leaver.userId);
  assert.equal(row?.state, "parked");
  assert.match(row!.reason!, /Address/);
  assert.equal((await openAlerts(world))[0]?.subject, leaver.phoneSid);
  assert.equal((await ownedNumbers(world, leaver.userId)).get(leaver.phoneSid), world.twilio.accountSid);
});

test("a number that a stalled process parks after the tenant has paid again returns to them", async (world) => {
  const leaver = await aboutToLeave(world, 1, "park");
  const [phoneSid] = await heldRows(world, leaver.userId);
  await drainOnce(world, { traps: [new Trap("twilio: change number", "stalls before")] });
  await world.advance(200);
  await payAgain(world, leaver.userId);
  await drainOnce(world);
  assert.equal((await ownedNumbers(world, leaver.userId)).get(phoneSid!), leaver.sid);
  const since = (await world.twilio.requests()).at(-1)!.id;
  await comeToRest(world);
  assert.deepEqual(await writesSince(world, since), ["move", "move"]);
  assert.equal((await ownedNumbers(world, leaver.userId)).get(phoneSid!), leaver.sid);
  assert.deepEqual(await heldRows(world, leaver.userId), [phoneSid]);
});

/** A tenant whose numbers leave in the next convergence. */
async function aboutToLeave(world: World, numbers: number, action: "release" | "park"): Promise<Leaver> {
  const leaver = await payer(world, numbers, action);
  await cancel(world, leaver);
  await pass(world, 28);
  await leap(world, 4);
  return leaver;
}

test("a tenant who pays while their numbers leave keeps what is left, and what is parked returns", async (world) => {
  for (const [action, left] of [["release", 2], ["park", 3]] as const) {
    await world.reset();
    const leaver = await aboutToLeave(world, 3, action);
    // The payment arrives after the first number has left, while the same convergence continues.
    await drainOnce(world, { traps: [new Trap("database: note_leaving_step", "stalls before", 2)] });
    await payAgain(world, leaver.userId);
    await drainOnce(world);
    await comeToRest(world);
    assert.deepEqual(await accountsOf(world, leaver.userId), [{ sid: leaver.sid, status: "active" }]);
    assert.equal((await world.twilio.numbersOf(leaver.sid)).length, left);
    assert.equal((await heldRows(world, leaver.userId)).length, left);
    assert.deepEqual(await leavingRows(world, leaver.userId), []);
  }
});

test("a number that is released in Twilio's console while it is parked is recorded as released", async (world) => {
  const leaver = await aboutToLeave(world, 1, "park");
  await drainOnce(world, { traps: [new Trap("twilio: change number", "stalls before")] });
  const [number] = await world.twilio.numbersOf(leaver.sid);
  await world.twilio.release(leaver.sid, number.sid);
  await comeToRest(world);
  assert.deepEqual([await leavingRows(world, leaver.userId), await heldRows(world, leaver.userId)], [[], []]);
  assert.deepEqual(await world.twilio.numbersOf(world.twilio.accountSid), []);
});

test("an account suspended in Twilio's console is not reactivated, and is listed with its owner and the reason", async (world) => {
  const leaver = await payer(world, 1, "release");
  await world.twilio.setStatus(leaver.sid, "suspended");
  await world.sql`select private.ask_for_convergence(${leaver.userId}, p_thorough => true)`;
  await comeToRest(world);
  const since = (await world.twilio.requests()).at(-1)!.id;
  await cancel(world, leaver);
  await pass(world, 44);
  assert.deepEqual(await writesSince(world, since), []);
  const [alert] = await openAlerts(world);
  assert.deepEqual([alert?.subject, alert?.details.reason], [leaver.sid, "suspended_at_twilio"]);
  assert.equal((await ownedNumbers(world, leaver.userId)).size, 1);
});

test("the numbers of a duplicate move to the account that is kept before the duplicate is closed", async (world) => {
  const leaver = await payer(world, 1, "release");
  const duplicate = await world.twilio.post("/Accounts.json", { FriendlyName: `switchboard:${leaver.userId}` });
  const { sid } = await duplicate.json();
  const phoneSid = await buy(world, leaver.userId, sid, false);
  await sweep(world);
  const accounts = await accountsOf(world, leaver.userId);
  const kept = accounts.find(({ status }) => status === "active")!;
  assert.equal(accounts.filter(({ status }) => status !== "closed").length, 1);
  assert.equal((await ownedNumbers(world, leaver.userId)).get(phoneSid), kept.sid);
  assert.equal((await ownedNumbers(world, leaver.userId)).size, 2);
});

test("a duplicate with a number that Twilio refuses to move stays open and is listed, until the number can move", async (world) => {
  const leaver = await payer(world, 1, "release");
  await world.twilio.configure({ regulations: { GB: { address: "any", bundle: false } } });
  // Twilio dates accounts to the second, and the younger of two with numbers is the duplicate.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const duplicate = await world.twilio.post("/Accounts.json", { FriendlyName: `switchboard:${leaver.userId}` });
  const { sid } = await duplicate.json();
  const phoneSid = await buyInBritain(world, sid);
  await sweep(world);
  assert.deepEqual(await accountsOf(world, leaver.userId), [
    { sid: leaver.sid, status: "active" },
    { sid, status: "active" },
  ]);
  assert.equal((await ownedNumbers(world, leaver.userId)).get(phoneSid), sid);
  const [alert] = await openAlerts(world);
  assert.equal(alert?.subject, sid);
  assert.match(alert!.details.reason, /Address/);
  await world.twilio.configure({ regulations: {} });
  await sweep(world);
  assert.equal((await ownedNumbers(world, leaver.userId)).get(phoneSid), leaver.sid);
  assert.deepEqual(await accountsOf(world, leaver.userId), [
    { sid: leaver.sid, status: "active" },
    { sid, status: "closed" },
  ]);
  assert.deepEqual(await openAlerts(world), []);
});

test("nothing leaves while the master account is not active", async (world) => {
  const leaver = await payer(world, 1, "release");
  await cancel(world, leaver);
  await pass(world, 28);
  await world.twilio.configure({ masterSuspended: true });
  await leap(world, 4);
  const since = (await world.twilio.requests()).at(-1)!.id;
  await drainOnce(world);
  assert.deepEqual(await writesSince(world, since), []);
  await world.twilio.configure({ masterSuspended: false });
  await comeToRest(world);
  assert.deepEqual(await accountsOf(world, leaver.userId), [{ sid: leaver.sid, status: "closed" }]);
});

// Random histories -----------------------------------------------------------------------------------------------------

type Command =
  | { do: "leap"; days: number }
  | { do: "drain"; call: number; fault: Fault; times: number }
  | { do: "pay" }
  | { do: "cancel" }
  | { do: "hold"; status: "suspended" | "closed" | null }
  | { do: "suspend in the console" }
  | { do: "change the plan"; action: "release" | "park"; parking: number }
  | { do: "buy" }
  | { do: "delete user" }
  | { do: "rest" };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("leap" as const), days: fc.constantFrom(1, 8, 24, 31, 40) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("drain" as const),
      call: fc.integer({ min: 1, max: 40 }),
      fault: fc.constantFrom(...FAULTS.filter((fault) => !fault.startsWith("stalls"))),
      times: fc.constantFrom(1, 3),
    }),
  },
  { weight: 3, arbitrary: fc.constant<Command>({ do: "pay" }) },
  { weight: 4, arbitrary: fc.constant<Command>({ do: "cancel" }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("hold" as const),
      status: fc.constantFrom("suspended" as const, "closed" as const, null),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Command>({ do: "suspend in the console" }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("change the plan" as const),
      action: fc.constantFrom("release" as const, "park" as const),
      parking: fc.constantFrom(3, 30),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Command>({ do: "buy" }) },
  { weight: 1, arbitrary: fc.constant<Command>({ do: "delete user" }) },
  { weight: 2, arbitrary: fc.constant<Command>({ do: "rest" }) },
);

const histories = fc.record({
  action: fc.constantFrom("release" as const, "park" as const),
  numbers: fc.integer({ min: 1, max: 3 }),
  unknown: fc.integer({ min: 0, max: 1 }),
  commands: fc.array(command, { minLength: 4, maxLength: 16 }),
});

interface Story extends Leaver {
  isDeleted: boolean;
  isHeld: boolean;
}

/** Whether a number may be released by what follows: the date of the last notice of it has come, or it leaves at once. */
async function mayRelease(world: World, story: Story): Promise<(sid: string) => boolean> {
  // Time passes for the rows, and not for the dates in the details of a notice.
  const told = await world.sql<{ phone_sid: string; is_over: boolean }[]>`
    select distinct on (l.phone_sid) l.phone_sid,
      t.raised_at + ((t.details ->> 'releasedAt')::timestamptz - now()) <= now() + interval '1 minute' as is_over
    from private.leaving_numbers l
    join public.tenant_notices t on t.user_id = l.user_id and t.details ->> 'phoneNumber' = l.phone_number
    where l.user_id = ${story.userId} order by l.phone_sid, t.raised_at desc, t.details ->> 'releasedAt' desc`;
  const [wanted] = await world.sql`select private.wanted_subaccount(${story.userId}) as wanted`;
  const due = new Set(told.filter(({ is_over }) => is_over).map(({ phone_sid }) => phone_sid));
  return (sid) => wanted!["wanted"] === "closed" && (story.isDeleted || story.isHeld || due.has(sid));
}

async function play(
  { action, numbers, unknown, commands }: typeof histories extends fc.Arbitrary<infer One> ? One : never,
  world: World,
): Promise<void> {
  await world.reset();
  await world.twilio.configure({ regulations: {} });
  const story: Story = { ...await payer(world, numbers, action, unknown), isDeleted: false, isHeld: false };
  const { userId } = story;
  for (const one of [{ do: "cancel" } as const, ...commands]) {
    const before = await ownedNumbers(world, userId);
    const isAllowed = await mayRelease(world, story);
    await happen(one, story, world);
    if (one.do === "leap" || one.do === "rest") continue; // several convergences, with time between them
    const after = await ownedNumbers(world, userId);
    for (const sid of before.keys()) assert.ok(after.has(sid) || isAllowed(sid), `${sid} was released by ${one.do}`);
  }
  await world.twilio.clearFaults();
  await comeToRest(world);
  await agrees(world, story);
  for (const days of [8, 24, 8, 40]) await pass(world, days);
  await agrees(world, story);
  const left = await ownedNumbers(world, userId);
  const [{ wanted } = { wanted: "" }] = await world.sql<{ wanted: string }[]>`
    select private.wanted_subaccount(${userId}) as wanted`;
  if (wanted === "closed" && left.size > 0) {
    assert.ok((await openAlerts(world)).length > 0, `${left.size} numbers cost, and no alert names them`);
  }
}

async function happen(one: Command, story: Story, world: World): Promise<void> {
  switch (one.do) {
    case "leap":
      return await leap(world, one.days);
    case "drain":
      return await drainOnce(world, { traps: [new Trap(null, one.fault, one.call, one.times)] });
    case "pay": {
      if (story.isDeleted) return;
      const { subscriptionId, eventIds } = await buyOwnPlan(world, story.userId);
      story.subscriptionId = subscriptionId;
      return await deliver(world, eventIds);
    }
    case "cancel":
      return await deliver(
        world,
        await atStripe(world, story.subscriptionId, "cancel").catch((): string[] => []),
      );
    case "hold":
      if (story.isDeleted) return;
      story.isHeld = one.status === "closed";
      return await hold(world, story.userId, one.status);
    case "suspend in the console": {
      const account = (await accountsOf(world, story.userId)).find(({ status }) => status === "active");
      return account && await world.twilio.setStatus(account.sid, "suspended");
    }
    case "change the plan":
      return void await world.sql`update public.plans set leaving_numbers = ${one.action},
        parking = make_interval(days => ${one.parking}) where key = 'team'`;
    case "buy": {
      const account = (await accountsOf(world, story.userId)).find(({ status }) => status === "active");
      return account && void await buy(world, story.userId, account.sid, false);
    }
    case "delete user":
      story.isDeleted = true;
      return await deleteUser(world, story.userId);
    case "rest":
      return await comeToRest(world);
  }
}

/** Every number at Twilio is known here, at the place where it is, and every number known here is at Twilio. */
async function agrees(world: World, { userId, isDeleted }: Story): Promise<void> {
  const owned = await ownedNumbers(world, userId);
  const leaving = new Map((await leavingRows(world, userId)).map((row) => [row.phone_sid, row.state]));
  const held = new Set(await heldRows(world, userId));
  const [suspended] = await world
    .sql`select suspended_at_twilio as by_hand from private.tenancies where user_id = ${userId}`;
  for (const [sid, account] of owned) {
    if (account === world.twilio.accountSid) {
      assert.equal(leaving.get(sid), "parked", `${sid} is in the master account`);
    } else if (!isDeleted && !suspended?.["by_hand"]) {
      const account_ = (await accountsOf(world, userId)).find((one) => one.sid === account);
      if (account_?.status === "suspended") continue; // one that is not known is found when it is to leave
      assert.ok(held.has(sid) || leaving.has(sid) || account_?.status === "active", `${sid} is unknown here`);
    }
  }
  for (const sid of held) assert.ok(owned.has(sid), `${sid} is held here and not at Twilio`);
  for (const [sid, state] of leaving) {
    assert.ok(owned.has(sid), `${sid} is ${state} here and not at Twilio`);
    assert.ok(["noticed", "kept", "parked"].includes(state), `${sid} is still ${state}`);
  }
}

test("after any actions in any order, every number is paid for, released after notice, parked, or listed", async (world) => {
  await fc.assert(fc.asyncProperty(histories, (history) => play(history, world)), {
    numRuns: Number(Deno.env.get("RUNS") ?? 3),
    endOnFailure: true,
  });
});
