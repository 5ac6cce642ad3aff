import assert from "node:assert/strict";
import { type Actor } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import type { Order, Purchase } from "../../local/driver/stripe-side.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { buy, freshNumber, newcomer, openAccounts, quiescence } from "../support/tenants.ts";

const stage = sharedStage();
const POST = { method: "POST" };

/** A plan without grace and retention, used by this file only. */
const IMPATIENT = "scale";
Deno.test.beforeAll(async () => {
  await stage.database.sql`update public.plans set past_due_grace = '0', retention = '0' where key = ${IMPATIENT}`;
});
Deno.test.afterAll(async () => {
  await stage.database.sql`
    update public.plans set past_due_grace = default, retention = default where key = ${IMPATIENT}`;
});

interface Subscriber extends Actor, Purchase {
  accountSid: string;
}

/** Creates a user with a subscription of their own, as create-checkout makes it, and the subaccount it provisions. */
async function subscriber(name: string, order: Partial<Order> = {}): Promise<Subscriber> {
  const actor = await newcomer(stage, name);
  const purchase = await stage.stripe.subscribe({
    clientReferenceId: actor.id,
    plan: "team",
    subscriptionMetadata: { user_id: actor.id },
    ...order,
  });
  return { ...actor, ...purchase, accountSid: await provisionedSid(actor) };
}

async function provisionedSid(actor: Actor): Promise<string> {
  const sid = await eventually("the subaccount to be active", async () => {
    const stored = await stage.database.preferencesOf(actor.id);
    return stored?.status === "active" && stored.sid;
  });
  const shown = await actor.switchboard.subaccount();
  assert.deepEqual([shown.subaccountSid, shown.status], [sid, "active"]);
  return sid;
}

/** The stored status of a subscription. */
async function statusOf({ subscriptionId }: Pick<Purchase, "subscriptionId">): Promise<string | undefined> {
  const [row] = await stage.database.sql`select status from public.subscriptions where id = ${subscriptionId}`;
  return row?.["status"];
}

/** Performs actions on the subscription at Stripe, one after the other. */
async function happen({ subscriptionId }: Subscriber, ...actions: string[]): Promise<void> {
  for (const action of actions) await stage.stripe.control(subscriptionId, action);
}

/** Waits until the stored statuses are as expected, and asserts that the API and Twilio have the same account status. */
async function becomes(tenant: Subscriber, subscription: string, account: string): Promise<void> {
  let stored: unknown;
  await eventually(`${subscription} and ${account}`, async () => {
    stored = [await statusOf(tenant), (await stage.database.preferencesOf(tenant.id))?.status];
    return JSON.stringify(stored) === JSON.stringify([subscription, account]);
  }).catch((error) => assert.deepEqual(stored, [subscription, account], error.message));
  const shown = await tenant.switchboard.subaccount();
  const atTwilio = await stage.twilio.get(`/Accounts/${tenant.accountSid}.json`);
  assert.deepEqual([shown.status, atTwilio.status], [account, account]);
}

/** The ids of the seeded prices. */
const STARTER_PRICE = "price_SimStarterMonthly";
const TEAM_PRICE = "price_SimTeamMonthly";

/** The plan whose limits apply. */
async function planInForce({ id }: Pick<Actor, "id">): Promise<{ plan: string }> {
  const [row] = await stage.database.sql<{ plan: string }[]>`select (private.plan_of(${id})).key as plan`;
  return row!;
}

/** Runs the job for tenants whose status changes with time alone. */
const driftIsLookedFor = () => stage.database.enqueue({ kind: "converge-drifted" });

test("a purchase provisions the buyer's subaccount, on the purchased plan", async () => {
  const ada = await subscriber("ada", { plan: "team" });
  assert.deepEqual(await openAccounts(stage, ada), [ada.accountSid]);
  const { data } = await ada.data.from("subscriptions").select("id, status, plan_key, stripe_customer_id");
  assert.deepEqual(data, [{
    id: ada.subscriptionId,
    status: "active",
    plan_key: "team",
    stripe_customer_id: ada.customerId,
  }]);
  const log = await stage.database.sql`select actor, action from public.audit_log where user_id = ${ada.id}`;
  assert.deepEqual(log.map((line) => ({ ...line })), [{ actor: "converge", action: "subaccount.created" }]);
});

test("a trial provisions a subaccount like a purchase", async () => {
  const ada = await subscriber("ada", { trial: 14 });
  await becomes(ada, "trialing", "active");
});

test("a buyer named only in the subscription's metadata is found", async () => {
  const ada = await newcomer(stage, "ada");
  const order = { clientReferenceId: null, plan: "team", subscriptionMetadata: { user_id: ada.id } };
  await stage.stripe.subscribe(order);
  const sid = await provisionedSid(ada);
  assert.deepEqual(await openAccounts(stage, ada), [sid]);
});

test("an unpaid purchase provisions no subaccount until it is paid", async () => {
  const ada = await newcomer(stage, "ada");
  const bought = await stage.stripe.subscribe({ clientReferenceId: ada.id, plan: "team", payment: "pending" });
  await eventually("the subscription to be stored", async () => await statusOf(bought) === "incomplete");
  await quiescence(stage, ada);
  assert.deepEqual(await openAccounts(stage, ada), []);
  await stage.stripe.control(bought.subscriptionId, "pays");
  const sid = await provisionedSid(ada);
  assert.deepEqual(await openAccounts(stage, ada), [sid]);
});

test("a purchase that is never paid provisions no subaccount", async () => {
  const ada = await newcomer(stage, "ada");
  const bought = await stage.stripe.subscribe({ clientReferenceId: ada.id, plan: "team", payment: "pending" });
  await stage.stripe.control(bought.subscriptionId, "expire");
  await eventually("the subscription to have expired", async () => await statusOf(bought) === "incomplete_expired");
  await quiescence(stage, ada);
  assert.deepEqual(await stage.twilio.accountsNamed(`switchboard:${ada.id}`), []);
});

test("a debit that is active meanwhile provisions no subaccount until it is paid, unless the plan says so", async () => {
  const [ada, ben] = [await newcomer(stage, "ada"), await newcomer(stage, "ben")];
  const bought = await stage.stripe.subscribe({ clientReferenceId: ada.id, plan: "team", payment: "pending_active" });
  await eventually("the subscription to be stored", async () => await statusOf(bought) === "active");
  await quiescence(stage, ada);
  assert.deepEqual(await openAccounts(stage, ada), []);
  await stage.stripe.control(bought.subscriptionId, "pays");
  const sid = await provisionedSid(ada);
  assert.deepEqual(await openAccounts(stage, ada), [sid]);

  await stage.database.sql`update public.plans set entitle_while_pending = true where key = 'starter'`;
  try {
    await stage.stripe.subscribe({ clientReferenceId: ben.id, plan: "starter", payment: "pending_active" });
    await provisionedSid(ben);
  } finally {
    await stage.database.sql`update public.plans set entitle_while_pending = default where key = 'starter'`;
  }
});

test("a debit that fails after it was active provisions no subaccount", async () => {
  const ada = await newcomer(stage, "ada");
  const bought = await stage.stripe.subscribe({ clientReferenceId: ada.id, plan: "team", payment: "pending_active" });
  await stage.stripe.control(bought.subscriptionId, "payment_fails");
  await eventually("the failure to be stored", async () => await statusOf(bought) === "past_due");
  await quiescence(stage, ada);
  assert.deepEqual(await openAccounts(stage, ada), []);
});

/** The status of a subscriber's account after actions on their subscription at Stripe. */
const FATES: Record<string, { plan?: string; actions: string[]; then: [subscription: string, account: string] }> = {
  "a subscription that is past due within its grace keeps the subaccount active": {
    actions: ["payment_fails"],
    then: ["past_due", "active"],
  },
  "a subscription that is past due without grace suspends the subaccount": {
    plan: IMPATIENT,
    actions: ["payment_fails"],
    then: ["past_due", "suspended"],
  },
  "an unpaid subscription suspends the subaccount": {
    actions: ["payment_fails", "unpaid"],
    then: ["unpaid", "suspended"],
  },
  "a paused subscription suspends the subaccount": { actions: ["pause"], then: ["paused", "suspended"] },
  "a subscription whose collection is paused suspends the subaccount": {
    actions: ["pause_collection"],
    then: ["paused", "suspended"],
  },
  "a canceled subscription suspends the subaccount during the retention period": {
    actions: ["cancel"],
    then: ["canceled", "suspended"],
  },
  "a canceled subscription closes the subaccount without a retention period": {
    plan: IMPATIENT,
    actions: ["cancel"],
    then: ["canceled", "closed"],
  },
  "a deleted customer suspends the subaccount during the retention period": {
    actions: ["delete_customer"],
    then: ["canceled", "suspended"],
  },
  "a subscription that ends at a later time keeps the subaccount active until then": {
    actions: ["cancel_in_a_week"],
    then: ["active", "active"],
  },
  "a subscription that ends with its period keeps the subaccount active until then": {
    actions: ["cancel_at_period_end"],
    then: ["active", "active"],
  },
};

for (const [title, { plan, actions, then: [subscription, account] }] of Object.entries(FATES)) {
  test(title, async () => {
    const ada = await subscriber("ada", plan === undefined ? {} : { plan });
    await happen(ada, ...actions);
    await becomes(ada, subscription, account);
    await quiescence(stage, ada);
    await becomes(ada, subscription, account);
  });
}

/** How a suspended subscriber becomes active again. */
const RETURNS: Record<string, { lost: string[]; regained: string[] }> = {
  "paying an unpaid subscription": { lost: ["unpaid"], regained: ["pays"] },
  "resuming a paused subscription": { lost: ["pause"], regained: ["resume"] },
  "resuming a paused collection": { lost: ["pause_collection"], regained: ["resume_collection"] },
};

for (const [title, { lost, regained }] of Object.entries(RETURNS)) {
  test(`${title} makes the same subaccount active again, with its number`, async () => {
    const ada = await subscriber("ada");
    const number = await buy(ada, freshNumber());
    await happen(ada, ...lost);
    await eventually("the suspension", async () => {
      return (await stage.database.preferencesOf(ada.id))?.status === "suspended";
    });
    assertRefused(await ada.call("send-sms", { body: { to: "+14155550100", body: "hi" } }), [
      403,
      "subaccount_suspended",
    ]);
    assertRefused(await ada.call("buy-number", { body: { phoneNumber: freshNumber() } }), [
      403,
      "subaccount_suspended",
    ]);
    await happen(ada, ...regained);
    await becomes(ada, "active", "active");
    const { numbers } = await ada.switchboard.listNumbers();
    assert.deepEqual(numbers.map((one: { phoneNumber: string }) => one.phoneNumber), [number]);
  });
}

test("the end of the grace period suspends the tenant without another event", async () => {
  const ada = await subscriber("ada");
  await happen(ada, "payment_fails");
  await becomes(ada, "past_due", "active");
  await stage.database.sql`
    update public.subscriptions set past_due_since = past_due_since - interval '8 days' where id = ${ada.subscriptionId}`;
  await driftIsLookedFor();
  await becomes(ada, "past_due", "suspended");
  await happen(ada, "pays");
  await becomes(ada, "active", "active");
});

test("a second reminder does not restart the grace period", async () => {
  const ada = await subscriber("ada");
  await happen(ada, "payment_fails");
  await becomes(ada, "past_due", "active");
  const pastDueSince = async () => {
    const [row] = await stage.database
      .sql`select past_due_since from public.subscriptions where id = ${ada.subscriptionId}`;
    return row?.["past_due_since"] as Date;
  };
  const first = await pastDueSince();
  const { eventIds } = await stage.stripe.control(ada.subscriptionId, "payment_fails");
  await eventually("the reminder to be processed", async () => {
    const [row] = await stage.database.sql`
      select count(*)::int as n from public.webhook_events where event_id in ${
      stage.database.sql(eventIds)
    } and result is not null`;
    return row?.["n"] === eventIds.length;
  });
  assert.deepEqual(await pastDueSince(), first);
});

test("the end of the retention period and of the notice releases the numbers and closes the account, and a new purchase creates another account", async () => {
  const ada = await subscriber("ada");
  const number = await buy(ada, freshNumber());
  await happen(ada, "cancel");
  await becomes(ada, "canceled", "suspended");
  assert.equal((await stage.twilio.numbersOf(ada.accountSid)).length, 1);
  await stage.database.sql`
    update public.subscriptions set ended_at = ended_at - interval '31 days' where id = ${ada.subscriptionId}`;
  await driftIsLookedFor();
  await eventually("notice of the number", async () => {
    const { data } = await ada.data.from("tenant_notices").select("kind, details");
    return data?.some(({ kind }) => kind === "number.release_scheduled");
  });
  assert.equal((await stage.twilio.numbersOf(ada.accountSid)).length, 1);
  await stage.database.sql`
    update private.leaving_numbers set due_at = now() where user_id = ${ada.id}`;
  await stage.database
    .sql`update private.due_work set due_at = now() where user_id = ${ada.id} and kind = 'convergence'`;
  await driftIsLookedFor();
  await becomes(ada, "canceled", "closed");
  assertRefused(await ada.call("provision-subaccount", POST), [403, "subaccount_closed"]);
  const { data } = await ada.data.from("user_twilio_numbers").select("phone_number, status, is_primary");
  assert.deepEqual(data, [{ phone_number: number, status: "released", is_primary: false }]);

  await stage.stripe.subscribe({ clientReferenceId: ada.id, plan: "starter" });
  const renewed = await provisionedSid(ada);
  assert.notEqual(renewed, ada.accountSid);
  assert.deepEqual(await openAccounts(stage, ada), [renewed]);
  assert.deepEqual(
    (await ada.switchboard.listNumbers()).numbers.filter((one) => one.source !== "master"),
    [],
  );
});

test("of two subscriptions the better one counts: the end of the old one changes nothing", async () => {
  const ada = await subscriber("ada", { plan: "starter" });
  const second = await stage.stripe.subscribe({ clientReferenceId: ada.id, plan: "team" });
  await eventually("both subscriptions", async () => await statusOf(second) === "active");
  await happen(ada, "cancel");
  await becomes(ada, "canceled", "active");
  await stage.stripe.control(second.subscriptionId, "cancel");
  await becomes(ada, "canceled", "suspended");
  assert.deepEqual(await openAccounts(stage, ada), [ada.accountSid]);
});

test("a change of plan changes the limits", async () => {
  const ada = await subscriber("ada", { plan: "starter" });
  await buy(ada, freshNumber());
  const phoneNumber = freshNumber();
  assertRefused(await ada.call("buy-number", { body: { phoneNumber } }), [403, "number_limit_reached"]);
  const response = await fetch(`${stage.state.stripe.url}/_sim/subscriptions/${ada.subscriptionId}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ action: "change_plan", plan: "team" }),
  });
  assert.equal(response.status, 200, await response.text());
  await eventually("the new plan", async () => {
    const rows = await stage.database.sql`
      select from public.subscriptions where id = ${ada.subscriptionId} and plan_key = 'team'`;
    return rows.length === 1;
  });
  await buy(ada, phoneNumber);
});

test("a tenant who requested a subaccount keeps it through a gift that another person buys and cancels", async () => {
  const ada = await newcomer(stage, "ada");
  const { subaccountSid } = await ada.switchboard.provisionSubaccount();
  const gift = await stage.stripe.subscribe({ clientReferenceId: ada.id, plan: "team" });
  await eventually("the plan", async () => await statusOf(gift) === "active");
  await stage.stripe.control(gift.subscriptionId, "cancel");
  await eventually("the end", async () => await statusOf(gift) === "canceled");
  await quiescence(stage, ada);
  assert.deepEqual(await openAccounts(stage, ada), [subaccountSid]);
  assert.equal((await ada.switchboard.subaccount()).status, "active");
});

test("of several items the best known one gives the plan, also when Stripe sends them page by page", async () => {
  const ada = await subscriber("ada", { plan: "starter" });
  const planOf = async () => {
    const [row] = await stage.database.sql`select plan_key from public.subscriptions where id = ${ada.subscriptionId}`;
    return row?.["plan_key"];
  };
  // Six more are the metered items that the subscription gets.
  await stage.stripe.account({ mostItems: 28 });
  for (let n = 0; n < 20; n++) await stage.stripe.control(ada.subscriptionId, "add_item", { price: STARTER_PRICE });
  await stage.stripe.control(ada.subscriptionId, "add_item", { price: TEAM_PRICE });
  await eventually("the plan of the last item", async () => await planOf() === "team");
  const { plan } = await planInForce(ada);
  assert.equal(plan, "team");
});
