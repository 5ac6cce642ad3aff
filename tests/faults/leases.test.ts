import assert from "node:assert/strict";
import { converge } from "../../supabase/functions/_shared/subaccounts/converge.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { accountsOf, actionsFor, assertAtRest } from "./harness/asserts.ts";
import { atStripe, buyPlan, deliver, requestSubaccount, signUp } from "./harness/people.ts";
import { comeToRest, drainOnce, lookAgainSoon } from "./harness/quiescence.ts";
import { Trap } from "./harness/traps.ts";
import { worldUnderTest } from "./harness/worlds.ts";
import type { World } from "./harness/world.ts";

const theWorld = worldUnderTest();

function test(title: string, body: (world: World, userId: string) => Promise<void>): void {
  Deno.test({
    name: title,
    sanitizeOps: false, // the world's servers outlive a test
    sanitizeResources: false,
    fn: async () => {
      const world = theWorld();
      await world.reset();
      await body(world, await signUp(world));
    },
  });
}

/** Converges in its own process and returns the outcome. */
async function convergeOnce(world: World, userId: string, ...traps: Trap[]): Promise<string> {
  const { process, dependencies } = world.start(traps);
  let outcome = "none";
  await world.run(process, async () => {
    outcome = (await converge(userId, dependencies)).outcome;
  });
  return outcome;
}

async function want(world: World, userId: string): Promise<void> {
  await world.sql`insert into private.tenancies (user_id, requested_at) values (${userId}, now())`;
}

test("of many concurrent convergences one acts and the others find the lease busy", async (world, userId) => {
  await want(world, userId);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => convergeOnce(world, userId)));
  assert.equal(outcomes.filter((outcome) => outcome === "converged").length >= 1, true);
  assert.deepEqual(outcomes.filter((outcome) => outcome !== "converged" && outcome !== "busy"), []);
  assert.equal(world.created, 1);
  await assertAtRest(world, userId, "active");
});

test("a lease that expires during a slow creation causes no second account", async (world, userId) => {
  world.settings = { ...world.settings, leaseSeconds: 1 };
  await want(world, userId);
  await world.twilio.fault({ match: "POST /Accounts", kind: "delay:2000" });
  const slow = convergeOnce(world, userId);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.equal(await convergeOnce(world, userId), "converged");
  assert.equal(await slow, "fenced");
  assert.equal(world.created, 1);
  assert.deepEqual(await actionsFor(world, userId), ["adopted"]);
  await assertAtRest(world, userId, "active");
});

test(
  "a process that takes over the lease waits while a creation is still on its way to Twilio",
  async (world, userId) => {
    await want(world, userId);
    await convergeOnce(world, userId, new Trap("twilio: create account", "stalls before"));
    await world.sql`update private.tenancies set leased_until = now() - interval '1 second'`;
    assert.equal(await convergeOnce(world, userId), "waiting");
    await world.settled();
    assert.equal(world.created, 1);
    await assertAtRest(world, userId, "active");
    assert.equal(world.created, 1);
  },
);

test(
  "a creation that timed out after Twilio made the account is found within the same convergence",
  async (world, userId) => {
    await want(world, userId);
    const trap = new Trap("twilio: create account", "times out after commit");
    assert.equal(await convergeOnce(world, userId, trap), "converged");
    assert.deepEqual([world.created, await actionsFor(world, userId)], [1, ["adopted"]]);
    await assertAtRest(world, userId, "active");
  },
);

test("a creation that arrives long after it was given up is adopted, not doubled", async (world, userId) => {
  await want(world, userId);
  assert.equal(await convergeOnce(world, userId, new Trap("twilio: create account", "arrives late")), "waiting");
  await world.advance(40);
  assert.equal(await convergeOnce(world, userId), "waiting");
  await world.underway.arrive();
  assert.equal(await convergeOnce(world, userId), "converged");
  assert.equal(world.created, 1);
  await assertAtRest(world, userId, "active");
});

test(
  "the second account of a process that resumes after its lease expired is closed without a sweep",
  async (world, userId) => {
    await want(world, userId);
    await convergeOnce(world, userId, new Trap("twilio: create account", "stalls before"));
    await world.advance(500);
    assert.equal(await convergeOnce(world, userId), "converged");
    await world.settled();
    assert.equal(world.created, 2);
    await world.advance(10);
    await drainOnce(world);
    const open = (await accountsOf(world, userId)).filter(({ status }) => status === "active");
    assert.equal(open.length, 1);
    assert.ok((await actionsFor(world, userId)).includes("duplicate_closed"));
    await assertAtRest(world, userId, "active");
  },
);

test(
  "the lease outlasts a call to Twilio, however long the search before it took",
  async (world, userId) => {
    await want(world, userId);
    const looking = new Trap("twilio: list accounts by name", "stalls before");
    const creating = new Trap("twilio: create account", "stalls before");
    await convergeOnce(world, userId, looking, creating);
    await world.advance(85); // of the 90 seconds of a lease
    world.underway.resume();
    await world.underway.nextStall;
    await world.advance(30);
    assert.equal(await convergeOnce(world, userId), "busy");
    await world.settled();
    assert.deepEqual([world.created, await actionsFor(world, userId)], [1, ["created"]]);
    await assertAtRest(world, userId, "active");
  },
);

test("a suspension that takes effect after the tenant has paid again is lifted", async (world, userId) => {
  const { subscriptionId, eventIds } = await buyPlan(world, userId);
  await deliver(world, eventIds);
  await comeToRest(world);
  await deliver(world, await atStripe(world, subscriptionId, "pause"));
  await drainOnce(world, { traps: [new Trap("twilio: set status", "stalls before")] });
  await world.advance(200);
  await deliver(world, await atStripe(world, subscriptionId, "resume"));
  await drainOnce(world);
  await world.settled();
  await assertAtRest(world, userId, "active");
});

test("a read of Stripe that a later read overtook is ignored", async (world, userId) => {
  const { subscriptionId, eventIds } = await buyPlan(world, userId);
  await deliver(world, eventIds);
  await drainOnce(world, { batch: 1, traps: [new Trap("stripe: read subscriptions", "stalls after commit")] });
  await deliver(world, await atStripe(world, subscriptionId, "pause"));
  await drainOnce(world);
  await world.settled();
  await assertAtRest(world, userId, "suspended", "none");
});

test("a user deleted during the creation of their account has no open account at the end", async (world, userId) => {
  const traps = [new Trap("twilio: create account", "arrives late")];
  await requestSubaccount(world, userId, traps);
  await world.sql`delete from auth.users where id = ${userId}`;
  await drainOnce(world);
  await world.underway.arrive();
  await world.advance(100);
  await drainOnce(world);
  assert.deepEqual((await accountsOf(world, userId)).map(({ status }) => status), ["closed"]);
  await assertAtRest(world, userId, "none");
});

test(
  "a second account that appears during a creation is closed within the same convergence",
  async (world, userId) => {
    await want(world, userId);
    await convergeOnce(world, userId, new Trap("twilio: create account", "stalls before"));
    await world.advance(500);
    await convergeOnce(world, userId, new Trap("database: record_subaccount", "stalls before"));
    world.underway.resume(1);
    await eventually("the stalled process to have created its own account", () => world.created === 2);
    await world.settled();
    assert.ok((await actionsFor(world, userId)).includes("duplicate_closed"));
    await assertAtRest(world, userId, "active");
  },
);

test(
  "a suspension that was given up and still takes effect is not mistaken for one made in Twilio's console",
  async (world, userId) => {
    const { subscriptionId, eventIds } = await buyPlan(world, userId);
    await deliver(world, eventIds);
    await comeToRest(world);
    await deliver(world, await atStripe(world, subscriptionId, "pause"));
    await drainOnce(world, { traps: [new Trap("twilio: set status", "arrives late")] });
    await lookAgainSoon(world);
    await deliver(world, await atStripe(world, subscriptionId, "resume"));
    await drainOnce(world);
    await assertAtRest(world, userId, "active");
  },
);
