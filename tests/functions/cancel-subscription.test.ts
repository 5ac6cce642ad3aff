import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";

const stage = sharedStage();

/** Buys a subscription of a user's own. */
async function ownOf(actor: Actor): Promise<string> {
  const { subscriptionId } = await stage.stripe.subscribe({
    clientReferenceId: null,
    plan: "team",
    email: actor.email,
    subscriptionMetadata: { user_id: actor.id },
  });
  await eventually("the subscription to be stored", async () => await stored(subscriptionId));
  return subscriptionId;
}

async function stored(subscriptionId: string) {
  const [row] = await stage.database.sql<{ status: string; cancel_at: string | null }[]>`
    select status, cancel_at from public.subscriptions where id = ${subscriptionId}`;
  return row;
}

test("a tenant cancels their own subscription at the end of its period, undoes that, and then cancels it now", async () => {
  const ada = await newcomer(stage, "ada");
  const subscriptionId = await ownOf(ada);
  assert.deepEqual(await ada.switchboard.cancelSubscription(), { subscriptionId, when: "period_end" });
  await eventually("the end to be announced", async () => (await stored(subscriptionId))?.cancel_at);
  assert.equal((await stored(subscriptionId))?.status, "active");
  assert.deepEqual(await ada.switchboard.cancelSubscription({ when: "never" }), { subscriptionId, when: "never" });
  await eventually("the end to be withdrawn", async () => (await stored(subscriptionId))?.cancel_at === null);
  await ada.switchboard.cancelSubscription({ subscriptionId, when: "now" });
  await eventually("the end", async () => (await stored(subscriptionId))?.status === "canceled");
  assertRefused(await ada.call("cancel-subscription", { body: {} }), [409, "subscription_over"]);
});

test("a tenant undoes a cancellation of Stripe's portal, which sets cancel_at alone", async () => {
  const ben = await newcomer(stage, "ben");
  const subscriptionId = await ownOf(ben);
  await stage.stripe.control(subscriptionId, "cancel_in_a_week");
  await eventually("the end to be announced", async () => (await stored(subscriptionId))?.cancel_at);
  await ben.switchboard.cancelSubscription({ when: "never" });
  await eventually("the end to be withdrawn", async () => (await stored(subscriptionId))?.cancel_at === null);
});

test("a tenant can cancel neither a gift, nor another tenant's subscription, nor undo what an operator decided", async () => {
  const [eve, mallory] = [await newcomer(stage, "eve"), await newcomer(stage, "mallory")];
  const own = await ownOf(eve);
  const gift = (await stage.stripe.subscribe({ clientReferenceId: mallory.id, plan: "team" })).subscriptionId;
  await eventually("the gift to be stored", async () => await stored(gift));
  for (const subscriptionId of [own, gift, "sub_unknown", undefined]) {
    const body = { when: "now", ...(subscriptionId !== undefined && { subscriptionId }) };
    assertRefused(await mallory.call("cancel-subscription", { body }), [404, "subscription_not_found"]);
  }
  await stage.database
    .sql`select from public.request_cancellation(${own}, null, ${mallory.id}, 'period_end', false, 'r', 'x')`;
  await eventually("the operator's cancellation", async () => (await stored(own))?.cancel_at);
  assertRefused(await eve.call("cancel-subscription", { body: { when: "never" } }), [403, "canceled_by_operator"]);
  assert.equal((await stored(gift))?.status, "active");
});
