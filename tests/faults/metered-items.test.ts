import assert from "node:assert/strict";
import type Stripe from "stripe";
import { recordRead } from "../../supabase/functions/_shared/billing/apply-event.ts";
import { keepDueMeteredItems, keepMeteredItems } from "../../supabase/functions/_shared/billing/keep-metered-items.ts";
import { KINDS } from "../../supabase/functions/_shared/billing/meters.ts";
import { setUpMetering } from "../../local/metering/set-up.ts";
import { signUp } from "./harness/people.ts";
import { type Fault, FAULTS, Trap } from "./harness/traps.ts";
import type { World } from "./harness/world.ts";
import { worldUnderTest } from "./harness/worlds.ts";

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

const PLANS = ["starter", "team", "scale"].map((key) => ({ key, stripe_price_id: null }));

async function setUp(world: World): Promise<void> {
  await setUpMetering({ stripe: world.stripeApi, plans: PLANS });
}

/** A subscription that an operator makes in Stripe's dashboard, with only the plan's price. */
async function madeElsewhere(
  world: World,
  more: Partial<Stripe.SubscriptionCreateParams> = {},
): Promise<Stripe.Subscription> {
  const userId = await signUp(world);
  const stripe = world.stripeApi;
  const customer = await stripe.customers.create({});
  const { data: [price] } = await stripe.prices.list({ lookup_keys: ["team"] });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price!.id }],
    collection_method: "send_invoice",
    days_until_due: 30,
    metadata: { user_id: userId },
    ...more,
  });
  await stripe.invoices.pay(subscription.latest_invoice as string, { paid_out_of_band: true });
  await read(world, subscription.id);
  return subscription;
}

async function read(world: World, subscriptionId: string): Promise<void> {
  const [{ n }] = await world.sql<[{ n: number }]>`select nextval('private.stripe_reads')::integer as n`;
  const { db } = world.start().dependencies;
  await recordRead(subscriptionId, n, { db, stripe: world.stripeApi });
}

async function keep(world: World, subscriptionId: string, traps: Trap[] = []): Promise<void> {
  const { process, dependencies: { db, stripe } } = world.start(traps);
  await world.run(process, async () => await keepMeteredItems(subscriptionId, { db, stripe: await stripe() }));
}

/** The kinds that Stripe bills, by the items of a subscription. */
async function billedKinds(world: World, subscriptionId: string): Promise<string[]> {
  const { data } = await world.stripeApi.subscriptionItems.list({ subscription: subscriptionId, limit: 100 });
  return data.flatMap(({ price }) => price.recurring?.meter ? price.lookup_key!.slice(12, -4) : []).sort();
}

async function alerts(world: World, subscriptionId: string): Promise<string[]> {
  const rows = await world.sql`select details ->> 'problem' as problem from public.operator_alerts
    where kind = 'metering' and subject = ${subscriptionId} and settled_at is null`;
  return rows.map(({ problem }) => problem);
}

const ALL = [...KINDS].sort();

test("keep-metered-items adds the items that an own subscription made elsewhere lacks, from several processes at once", async (world) => {
  await setUp(world);
  const { id } = await madeElsewhere(world);
  const jobs = await world.sql`select message ->> 'subscriptionId' as id from private.jobs
    where message ->> 'kind' = 'keep-metered-items'`;
  assert.deepEqual(jobs.map((job) => job["id"]), [id]);
  const invoices = async () => (await world.stripeApi.invoices.list({ subscription: id })).data.length;
  const before = await invoices();
  await Promise.all([keep(world, id), keep(world, id), keep(world, id)]);
  assert.deepEqual(await billedKinds(world, id), ALL);
  assert.equal(await invoices(), before);
  const stored = await world
    .sql`select kind, since, removed_at from private.metered_items where subscription_id = ${id}`;
  assert.equal(stored.length, 6);
  const [own] = await world.sql`select metered_due_at from private.own_subscriptions where subscription_id = ${id}`;
  assert.equal(own!["metered_due_at"], null);
});

test("keep-metered-items adds each item once when any of its calls fails in any way", async (world) => {
  const reads: Fault[] = ["dies before", "500"];
  const cases: [point: string, faults: readonly Fault[]][] = [
    ["stripe: read subscriptions", reads],
    ["stripe: list prices", reads],
    ["stripe: write subscriptions", FAULTS],
    ["database: record_subscription", ["dies before", "dies after commit"]],
    ["database: note_metering_problem", ["dies before"]],
  ];
  for (const [point, faults] of cases) {
    for (const fault of faults) {
      await world.reset();
      await setUp(world);
      const { id } = await madeElsewhere(world);
      const trap = new Trap(point, fault);
      await keep(world, id, [trap]);
      assert.equal(trap.struck, 1, `${point} ${fault}`);
      await keep(world, id);
      await world.settled();
      await read(world, id);
      await keep(world, id);
      assert.deepEqual(await billedKinds(world, id), ALL, `${point} ${fault}`);
      assert.deepEqual(await alerts(world, id), [], `${point} ${fault}`);
    }
  }
});

test("keep-metered-items alerts while there are no metered prices, and adds them once stripe:setup ran", async (world) => {
  const { id } = await madeElsewhere(world);
  await keep(world, id);
  assert.deepEqual(await alerts(world, id), [
    "There is no metered price for usd:month: run stripe:setup --market usd:month",
  ]);
  assert.deepEqual(await billedKinds(world, id), []);
  await setUp(world);
  const { db, stripe } = world.start().dependencies;
  assert.equal(await keepDueMeteredItems(10, { db, stripe }), 1);
  assert.deepEqual(await billedKinds(world, id), ALL);
  assert.deepEqual(await alerts(world, id), []);
  assert.equal(await keepDueMeteredItems(10, { db, stripe }), 0);
});

test("keep-metered-items leaves gifts, alerts about a price that bills wrongly, and adds an item that was removed", async (world) => {
  await setUp(world);
  const userId = await signUp(world);
  const gift = await world.stripe.subscribe({ clientReferenceId: userId, plan: "team" });
  await world.stripe.deliver({ eventIds: gift.eventIds });
  await world
    .sql`update public.subscriptions set origin = 'checkout', user_id = ${userId} where id = ${gift.subscriptionId}`;
  await keep(world, gift.subscriptionId);
  assert.deepEqual(await billedKinds(world, gift.subscriptionId), []);

  const { id } = await madeElsewhere(world);
  await keep(world, id);
  const { data } = await world.stripeApi.subscriptionItems.list({ subscription: id, limit: 100 });
  const fee = data.find(({ price }) => price.lookup_key === "switchboard_fee_usd")!;
  await world.stripeApi.subscriptionItems.del(fee.id, { proration_behavior: "none" });
  await read(world, id);
  await keep(world, id);
  assert.deepEqual(await billedKinds(world, id), ALL);

  const cent = await world.stripeApi.prices.create({
    product: "switchboard_fee",
    currency: "usd",
    unit_amount: 1,
    recurring: { interval: "month", usage_type: "metered", meter: fee.price.recurring!.meter! },
  });
  const again = (await world.stripeApi.subscriptionItems.list({ subscription: id, limit: 100 })).data
    .find(({ price }) => price.lookup_key === "switchboard_fee_usd")!;
  await world.stripeApi.subscriptionItems.del(again.id, { proration_behavior: "none" });
  await world.stripeApi.subscriptionItems.create({ subscription: id, price: cent.id });
  await read(world, id);
  await keep(world, id);
  assert.deepEqual(await alerts(world, id), [
    `The price ${cent.id} bills usage wrongly: its unit amount is 1, not 0.01`,
  ]);
});

test("keep-metered-items adds items to one subscription of a customer, and to the other when that one is over", async (world) => {
  await setUp(world);
  const first = await madeElsewhere(world);
  const { customer, items, metadata } = first;
  const second = await world.stripeApi.subscriptions.create({
    customer: customer as string,
    items: [{ price: items.data[0]!.price.id }],
    collection_method: "send_invoice",
    days_until_due: 30,
    metadata,
  });
  await world.stripeApi.invoices.pay(second.latest_invoice as string, { paid_out_of_band: true });
  await read(world, second.id);
  await Promise.all([keep(world, first.id), keep(world, second.id)]);
  await keep(world, second.id);
  // A meter counts by customer: each subscription with its price bills all usage of the customer.
  const billed = [first.id, second.id].map((id) => billedKinds(world, id));
  assert.deepEqual((await Promise.all(billed)).map(({ length }) => length).sort(), [0, 6]);
  const [metered, other] = (await billed[0])!.length > 0 ? [first.id, second.id] : [second.id, first.id];
  assert.match((await alerts(world, other))[0]!, new RegExp(metered));
  await world.stripeApi.subscriptions.cancel(metered);
  await read(world, metered);
  await keep(world, other);
  assert.deepEqual([await billedKinds(world, other), await alerts(world, other)], [ALL, []]);
});

test("keep-metered-items alerts when two subscriptions of a customer were made with metered items", async (world) => {
  await setUp(world);
  const first = await madeElsewhere(world);
  await keep(world, first.id);
  const { data } = await world.stripeApi.subscriptionItems.list({ subscription: first.id, limit: 100 });
  const second = await world.stripeApi.subscriptions.create({
    customer: first.customer as string,
    items: data.map(({ price }) => ({ price: price.id })),
    collection_method: "send_invoice",
    days_until_due: 30,
    metadata: first.metadata,
  });
  await world.stripeApi.invoices.pay(second.latest_invoice as string, { paid_out_of_band: true });
  await read(world, second.id);
  await keep(world, second.id);
  assert.match((await alerts(world, second.id))[0]!, new RegExp(`${first.id} of the same customer`));
  await world.stripeApi.subscriptions.cancel(first.id);
  await read(world, first.id);
  await keep(world, second.id);
  assert.deepEqual(await alerts(world, second.id), []);
});
