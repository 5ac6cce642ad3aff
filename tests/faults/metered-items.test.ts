import assert from "node:assert/strict";
import type Stripe from "stripe";
import { recordRead } from "../../supabase/functions/_shared/billing/apply-event.ts";
import { checkOut, type CheckoutDependencies } from "../../supabase/functions/_shared/billing/checkout.ts";
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

test("of two subscriptions of one customer exactly one has metered items, also those added elsewhere, and the next one gets them when it ends", async (world) => {
  await setUp(world);
  const first = await madeElsewhere(world);
  await keep(world, first.id);
  const userId = first.metadata["user_id"]!;
  await world.sql`update private.metered_items set since = since - interval '1 day'`;
  await world.sql`update private.own_subscriptions set created_at = created_at - interval '1 day'`;
  const { data } = await world.stripeApi.subscriptionItems.list({ subscription: first.id, limit: 100 });
  const second = await madeElsewhere(world, {
    customer: first.customer as string,
    metadata: { user_id: userId },
    items: data.map(({ price }) => ({ price: price.id })),
  });
  assert.deepEqual([await billedKinds(world, first.id), await billedKinds(world, second.id)], [ALL, ALL]);
  await Promise.all([keep(world, second.id), keep(world, second.id), keep(world, first.id)]);
  assert.deepEqual([await billedKinds(world, first.id), await billedKinds(world, second.id)], [ALL, []]);
  assert.deepEqual([await alerts(world, first.id), await alerts(world, second.id)], [[], []]);

  await world.stripeApi.subscriptions.cancel(first.id, { invoice_now: true });
  await read(world, first.id);
  await keep(world, second.id);
  assert.deepEqual(await billedKinds(world, second.id), ALL);

  const stranger = await madeElsewhere(world, { customer: first.customer as string });
  await keep(world, stranger.id);
  assert.deepEqual(await billedKinds(world, stranger.id), []);
  assert.deepEqual(await alerts(world, stranger.id), [
    "Its customer pays for another tenant's usage as well. Give it a customer of its own",
  ]);
});

test("a checkout has Stripe Tax compute taxes when the operator switched it on, on the subscription and its invoices", async (world) => {
  await setUp(world);
  const stripe = world.stripeApi;
  const { db, log } = world.start().dependencies;
  const order = {
    userId: await signUp(world),
    email: undefined,
    plan: "team",
    successUrl: "https://a.test",
    cancelUrl: "https://a.test",
  };
  const open = async (automaticTax: boolean) => {
    const dependencies: CheckoutDependencies = { db, stripe, log, automaticTax };
    return await stripe.checkout.sessions.retrieve((await checkOut(order, dependencies)).id);
  };
  const untaxed = await open(false);
  const taxed = await open(true);
  assert.deepEqual([untaxed, taxed].map(({ automatic_tax }) => automatic_tax.enabled), [false, true]);
  assert.equal((await stripe.checkout.sessions.retrieve(untaxed.id)).status, "expired");
  assert.equal((await open(true)).id, taxed.id);
  const body = new URLSearchParams({ session: taxed.id, plan: "", email: "ada@example.com", pay: "now" });
  await (await fetch(new URL("/checkout", taxed.url!), { method: "POST", body, redirect: "manual" })).body?.cancel();
  const { subscription: id } = await stripe.checkout.sessions.retrieve(taxed.id);
  const subscription = await stripe.subscriptions.retrieve(id as string, { expand: ["latest_invoice"] });
  const invoice = subscription.latest_invoice as Stripe.Invoice;
  assert.deepEqual([subscription.automatic_tax.enabled, invoice.automatic_tax.enabled], [true, true]);
});
