import { onEachQueue } from "../support/queues.ts";
import assert from "node:assert/strict";
import { HANDLED_TYPES } from "../../supabase/functions/_shared/billing/event-subject.ts";
import { fetchMissedEvents } from "../../supabase/functions/_shared/billing/missed-events.ts";
import { accountsOf, actionsFor, assertAtRest, auditTrailOf, storedFor } from "./harness/asserts.ts";
import {
  atStripe,
  buyNumberByHand,
  buyPlan,
  createByHand,
  deleteUser,
  deliver,
  hold,
  makeDue,
  requestSubaccount,
  signUp,
} from "./harness/people.ts";
import { comeToRest, drainOnce } from "./harness/quiescence.ts";
import { Trap } from "./harness/traps.ts";
import { worldUnderTest } from "./harness/worlds.ts";
import type { World } from "./harness/world.ts";

const theWorld = worldUnderTest();

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

/** Creates a user with a subaccount. Returns the user's id and the account's SID. */
async function tenant(world: World): Promise<{ userId: string; sid: string }> {
  const userId = await signUp(world);
  await requestSubaccount(world, userId);
  await onEachQueue(world.sql, (queue) => world.sql`delete from ${queue}`);
  const stored = await storedFor(world, userId);
  return { userId, sid: stored!.sid! };
}

/** Sweeps all pages and does the jobs the sweep enqueues. */
async function sweep(world: World): Promise<void> {
  await makeDue(world, "sweep");
  await drainOnce(world);
}

interface SweepRow {
  accounts: number;
  open_accounts: number;
  mismatches: number;
  strangers: number;
  level: string;
}

async function lastSweep(world: World): Promise<SweepRow> {
  const [row] = await world.sql<SweepRow[]>`
    select accounts, open_accounts, mismatches, strangers, level from private.sweeps
    where finished_at is not null order by id desc limit 1`;
  return row!;
}

test("an orphaned account of a user with a request becomes that user's account", async (world) => {
  const userId = await signUp(world);
  const sid = await createByHand(world, `switchboard:${userId}`);
  await world.sql`insert into private.tenancies (user_id, requested_at) values (${userId}, now())`;
  await sweep(world);
  assert.deepEqual(await auditTrailOf(world, userId), [{ action: "adopted", sid }]);
  assert.deepEqual((await storedFor(world, userId))?.sid, sid);
  await assertAtRest(world, userId, "active");
  assert.equal(world.created, 0);
});

test("an orphaned account of a user without entitlement is suspended, not closed", async (world) => {
  const userId = await signUp(world);
  await createByHand(world, `switchboard:${userId}`);
  await sweep(world);
  assert.deepEqual(await actionsFor(world, userId), ["adopted", "suspended"]);
  await assertAtRest(world, userId, "suspended");
});

test("of duplicate accounts the oldest with numbers is kept, and the audit log records it", async (world) => {
  const { userId, sid: first } = await tenant(world);
  const second = await createByHand(world, `switchboard:${userId}`);
  await world.twilio.setStatus(first, "suspended"); // so that the number below goes to the second
  const response = await world.twilio.post(`/Accounts/${second}/IncomingPhoneNumbers.json`, {
    PhoneNumber: "+16285550100",
  });
  assert.equal(response.status, 201, await response.text());
  await sweep(world);
  assert.deepEqual(await accountsOf(world, userId), [{ sid: first, status: "closed" }, {
    sid: second,
    status: "active",
  }]);
  assert.deepEqual((await auditTrailOf(world, userId)).slice(1), [
    { action: "duplicate_closed", sid: first },
    { action: "adopted", sid: second },
  ]);
  await assertAtRest(world, userId, "active");
});

test("of duplicate accounts without numbers the oldest is kept", async (world) => {
  const { userId, sid } = await tenant(world);
  // Twilio dates accounts to the second, so the second account must be at least a second younger.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const younger = await createByHand(world, `switchboard:${userId}`);
  await sweep(world);
  assert.deepEqual(await accountsOf(world, userId), [{ sid, status: "active" }, { sid: younger, status: "closed" }]);
  await assertAtRest(world, userId, "active");
});

test("an account closed at Twilio is recorded, and an entitled tenant gets a new one", async (world) => {
  const { userId, sid } = await tenant(world);
  await world.twilio.setStatus(sid, "closed");
  await sweep(world);
  assert.deepEqual((await auditTrailOf(world, userId)).slice(1).map(({ action }) => action), [
    "closed_at_twilio",
    "created",
  ]);
  await assertAtRest(world, userId, "active");
  assert.notEqual((await storedFor(world, userId))?.sid, sid);
});

test("an account missing at Twilio is recorded as closed, with the date of its creation", async (world) => {
  const { userId } = await tenant(world);
  await hold(world, userId, "suspended");
  await drainOnce(world);
  const before = await storedFor(world, userId);
  const unknown = `AC${"0".repeat(32)}`;
  await world.sql`
    update public.user_preferences
    set twilio_subaccount_sid = ${unknown}, twilio_subaccount_created_at = '2026-01-01Z' where user_id = ${userId}`;
  await world.sql`update private.tenancies set subaccount_sid = ${unknown} where user_id = ${userId}`;
  await world.twilio.setStatus(before!.sid!, "closed");
  await sweep(world);
  assert.deepEqual(await storedFor(world, userId), {
    sid: unknown,
    status: "closed",
    createdAt: "2026-01-01T00:00:00.000Z",
  });
  await assertAtRest(world, userId, "none");
});

test("a suspension made in Twilio's console is recorded, shown and left in place", async (world) => {
  const { userId, sid } = await tenant(world);
  await world.twilio.setStatus(sid, "suspended");
  await sweep(world);
  await sweep(world);
  assert.deepEqual((await actionsFor(world, userId)).slice(1), ["suspended_at_twilio"]);
  const [shown] = await world.sql`
    select t.tenants -> 0 ->> 'status' as status, (t.tenants -> 0 ->> 'suspended_at_twilio')::boolean as suspended_at_twilio
    from public.list_tenants(null, null, null, null, null, null, 'id', null, null, 10) t`;
  assert.deepEqual({ ...shown }, { status: "suspended", suspended_at_twilio: true });
  await assertAtRest(world, userId, "suspended");
  await hold(world, userId, null);
  await assertAtRest(world, userId, "active");
});

test("a suspension made in Twilio's console outlasts a subscription that ends and begins again", async (world) => {
  const userId = await signUp(world);
  const { subscriptionId, eventIds } = await buyPlan(world, userId);
  await deliver(world, eventIds);
  await comeToRest(world);
  await world.twilio.setStatus((await storedFor(world, userId))!.sid!, "suspended");
  await sweep(world);
  await deliver(world, await atStripe(world, subscriptionId, "cancel"));
  await comeToRest(world);
  await deliver(world, (await buyPlan(world, userId)).eventIds);
  await assertAtRest(world, userId, "suspended");
});

test("accounts of other projects and accounts of unknown users are left alone", async (world) => {
  const foreign = await createByHand(world, "Another project");
  const stranger = await createByHand(world, `switchboard:${crypto.randomUUID()}`);
  const lookalike = await createByHand(world, "switchboard:not-a-user");
  await sweep(world);
  const { accounts } = await world.twilio.get("/Accounts.json?PageSize=1000");
  for (const sid of [foreign, stranger, lookalike]) {
    assert.equal(accounts.find((account: { sid: string }) => account.sid === sid).status, "active");
  }
  assert.deepEqual({ ...await lastSweep(world) }, {
    accounts: 3,
    open_accounts: 3,
    mismatches: 0,
    strangers: 1,
    level: "within",
  });
  const jobs = await world.sql`select from private.jobs`;
  assert.equal(jobs.length, 0);
});

for (const fault of ["dies before", "dies after commit", "times out after commit"] as const) {
  for (const point of ["record_sweep_page", "finish_job", "end_sweep"]) {
    test(`a sweep that ${fault} at ${point} continues, and counts no account twice`, async (world) => {
      world.settings = { ...world.settings, pageSize: 2 };
      for (let index = 0; index < 5; index++) await createByHand(world, `Project ${index}`);
      const userId = await signUp(world);
      await createByHand(world, `switchboard:${userId}`);
      await createByHand(world, "The last project");
      await makeDue(world, "sweep");
      // For the page and job calls, the second one: between two pages, or at the end.
      await drainOnce(world, { traps: [new Trap(`database: ${point}`, fault, point === "end_sweep" ? 1 : 2)] });
      for (let round = 0; round < 3; round++) {
        await world.advance(200);
        await onEachQueue(world.sql, (queue) => world.sql`update ${queue} set vt = now()`);
        await drainOnce(world);
      }
      const { accounts, open_accounts } = await lastSweep(world);
      assert.deepEqual({ accounts, open_accounts }, { accounts: 7, open_accounts: 7 });
      const left = await world.sql`select from private.sweep_sightings`;
      assert.equal(left.length, 0);
      await assertAtRest(world, userId, "suspended");
    });
  }
}

test("the sweep warns at 80 and at 95 percent of the account limit, once each", async (world) => {
  world.settings = { ...world.settings, maxSubaccounts: 20 };
  const fill = async (from: number, to: number) => {
    for (let index = from; index < to; index++) await createByHand(world, `Project ${index}`);
    await sweep(world);
    await sweep(world);
    return (await lastSweep(world)).level;
  };
  assert.deepEqual([await fill(0, 15), await fill(15, 16), await fill(16, 19)], ["within", "warning", "critical"]);
  const told = await world.sql<
    { action: string }[]
  >`select action from public.audit_log where actor = 'sweep' order by id`;
  assert.deepEqual(told.map(({ action }) => action), ["subaccounts.limit_warning", "subaccounts.limit_critical"]);
});

for (const [whose, ours, theirs] of [["our", 1, 1000], ["Twilio's", 1000, 1]] as const) {
  test(`a request beyond ${whose} account limit is kept, and served once there is room, after any time`, async (world) => {
    const { userId: first } = await tenant(world);
    world.settings = { ...world.settings, maxSubaccounts: ours };
    await world.twilio.configure({ maxSubaccounts: theirs });
    const second = await signUp(world);
    await requestSubaccount(world, second);
    for (let hour = 0; hour < 72; hour++) {
      await world.advance(3_601);
      await drainOnce(world);
    }
    assert.deepEqual(await accountsOf(world, second), []);
    assert.equal((await world.sql`select from pgmq.q_jobs_dead`).length, 0);
    assert.equal((await world.sql`select from private.jobs where message ->> 'userId' = ${second}`).length, 1);
    await deleteUser(world, first);
    await drainOnce(world);
    await assertAtRest(world, second, "active");
  });
}

test("events that Stripe could not deliver are fetched once", async (world) => {
  const userId = await signUp(world);
  await buyPlan(world, userId);
  await makeDue(world, "fetch-missed-events");
  await drainOnce(world);
  await assertAtRest(world, userId, "active");
  const [{ events }] = await world.sql<[{ events: number }]>`select count(*)::int as events from public.webhook_events`;
  await makeDue(world, "fetch-missed-events");
  await drainOnce(world);
  const [{ again }] = await world.sql<[{ again: number }]>`select count(*)::int as again from public.webhook_events`;
  assert.equal(again, events);
});

test("more missed events than one run records are fetched by the next runs, and no others", async (world) => {
  for (let i = 0; i < 2; i++) await buyPlan(world, await signUp(world));
  const { db } = world.start().dependencies;
  const runs: number[] = [];
  do runs.push(await fetchMissedEvents(db, world.stripeApi, new Date(), 3)); while (runs.at(-1)! > 0);
  const stored = await world.sql<{ type: string }[]>`select type from public.webhook_events`;
  const types: ReadonlySet<string> = new Set(HANDLED_TYPES);
  assert.ok(stored.every(({ type }) => types.has(type)));
  assert.ok(stored.length > 3);
  assert.equal(runs.reduce((sum, run) => sum + run), stored.length);
  assert.ok(runs.every((run) => run <= 3));
});

test("deleting a user closes their account, and its SID stays in the audit log", async (world) => {
  const { userId, sid } = await tenant(world);
  await buyNumberByHand(world, userId);
  await deleteUser(world, userId);
  await drainOnce(world);
  assert.deepEqual(await accountsOf(world, userId), [{ sid, status: "closed" }]);
  const trail = await world.sql<{ action: string }[]>`
    select action from public.audit_log where user_id = ${userId} and subaccount_sid = ${sid} order by id`;
  assert.deepEqual(trail.map(({ action }) => action).filter((action) => /deleted|closed/.test(action)), [
    "user.deleted",
    "subaccount.closed",
  ]);
  await assertAtRest(world, userId, "none");
});
