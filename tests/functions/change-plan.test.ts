import assert from "node:assert/strict";
import type Stripe from "stripe";
import type { Actor } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";

const stage = sharedStage();

let madeStripe: Stripe | undefined;
function stripe(): Stripe {
  const { url, secretKey } = stage.state.stripe;
  return madeStripe ??= createStripe({ secretKey: secretKey!, apiBaseUrl: url });
}

/** Buys the team plan at the checkout. @returns the subscription's id */
async function subscriber(name: string): Promise<{ actor: Actor; subscriptionId: string }> {
  const actor = await newcomer(stage, name);
  const { body: { id: session, url } } = await actor.call("create-checkout", { body: { plan: "team" } });
  const form = new URLSearchParams({ session, plan: "", email: actor.email!, pay: "now" });
  const page = await fetch(new URL("/checkout", url), { method: "POST", body: form, redirect: "manual" });
  await page.body?.cancel();
  const subscriptionId = await eventually("the subscription to be stored", async () => {
    const { data } = await actor.data.from("subscriptions").select("id, status");
    return data?.[0]?.status === "active" && data[0].id as string;
  });
  return { actor, subscriptionId };
}

const changeTo = (actor: Actor, plan: string) => actor.call("change-plan", { body: { plan } });

async function itemsOf(subscription: string): Promise<{ flat: [string, string | null][]; metered: string[] }> {
  const { data } = await stripe().subscriptionItems.list({ subscription, limit: 100 });
  const flat = data.filter(({ price }) => !price.recurring?.meter);
  const metered = data.filter(({ price }) => price.recurring?.meter).map(({ id, price }) =>
    `${id} ${price.lookup_key}`
  );
  return { flat: flat.map(({ id, price }) => [id, price.lookup_key]), metered: metered.sort() };
}

test("change-plan swaps the flat item up and down, leaves the metered items, and answers with the plan that is stored", async () => {
  const { actor: ada, subscriptionId } = await subscriber("ada");
  const before = await itemsOf(subscriptionId);
  assert.deepEqual([before.flat.length, before.flat[0]?.[1], before.metered.length], [1, "team", 6]);
  for (
    const [plan, changed] of [["scale", true], ["scale", false], ["team", true], ["scale", true], [
      "starter",
      true,
    ]] as const
  ) {
    const { status, body } = await changeTo(ada, plan);
    assert.deepEqual([status, body], [200, { subscriptionId, plan, changed }], JSON.stringify(body));
    assert.deepEqual(await itemsOf(subscriptionId), { flat: [[before.flat[0]![0], plan]], metered: before.metered });
    const { data: stored } = await ada.data.from("subscriptions").select("plan_key").single();
    assert.equal(stored?.plan_key, plan);
  }
  const refused = await Promise.all([changeTo(ada, "team"), changeTo(ada, "team"), changeTo(ada, "team")]);
  assert.deepEqual(refused.map(({ status }) => status), [200, 200, 200]);
  assert.deepEqual(await itemsOf(subscriptionId), { flat: [[before.flat[0]![0], "team"]], metered: before.metered });
});

test("change-plan keeps a scheduled cancellation, and changes a past-due subscription and one that lacks metered items", async () => {
  const { actor: dan, subscriptionId } = await subscriber("dan");
  const { flat: [flat], metered } = await itemsOf(subscriptionId);
  await stage.stripe.control(subscriptionId, "payment_fails");
  await eventually("the subscription to be past due", async () => {
    const { data } = await dan.data.from("subscriptions").select("status").single();
    return data?.status === "past_due";
  });
  await stripe().subscriptions.update(subscriptionId, { cancel_at_period_end: true });
  assert.equal((await changeTo(dan, "scale")).status, 200);
  const { cancel_at_period_end: ends } = await stripe().subscriptions.retrieve(subscriptionId);
  assert.equal(ends, true);
  await stripe().subscriptionItems.del(metered[0]!.split(" ")[0]!, { proration_behavior: "none" });
  assert.deepEqual((await changeTo(dan, "team")).body, { subscriptionId, plan: "team", changed: true });
  assert.deepEqual((await itemsOf(subscriptionId)).flat, [[flat![0], "team"]]);
  await eventually("the item to be added again", async () => (await itemsOf(subscriptionId)).metered.length === 6);
});

test("change-plan refuses what no checkout sells, other terms, and a tenant without an active subscription of their own", async () => {
  const { actor: ben, subscriptionId } = await subscriber("ben");
  assertRefused(await changeTo(ben, "gold"), [404, "plan_not_found"]);
  assertRefused(await changeTo(ben, "free"), [422, "plan_not_for_sale"]);
  assertRefused(await changeTo(await newcomer(stage, "eve"), "scale"), [404, "subscription_not_found"]);

  const product = (await stripe().products.create({ name: "Other terms" })).id;
  const key = `terms-${ben.id}`;
  await stage.database.sql`insert into public.plans (key, name, rank, max_numbers, daily_message_limit,
    monthly_message_limit) values (${key}, 'Terms', 78, 1, 100, 1000)`;
  try {
    for (const [currency, interval] of [["usd", "year"], ["eur", "month"]] as const) {
      const price = await stripe().prices.create({ product, currency, unit_amount: 900, recurring: { interval } });
      await stage.database.sql`update public.plans set stripe_price_id = ${price.id} where key = ${key}`;
      assertRefused(await changeTo(ben, key), [409, "subscription_not_changeable"]);
    }
  } finally {
    await stage.database.sql`delete from public.plans where key = ${key}`;
  }

  await stage.stripe.control(subscriptionId, "unpaid");
  await eventually("the subscription to be unpaid", async () => {
    const { data } = await ben.data.from("subscriptions").select("status").single();
    return data?.status === "unpaid";
  });
  assertRefused(await changeTo(ben, "scale"), [409, "subscription_not_changeable"]);
  assert.equal((await itemsOf(subscriptionId)).flat[0]![1], "team");
});
