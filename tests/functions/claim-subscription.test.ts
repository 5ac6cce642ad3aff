import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer, quiescence } from "../support/tenants.ts";

const stage = sharedStage();

/** Buys a subscription for a user through a Payment Link. */
async function giftTo(actor: Pick<Actor, "id">, email: string): Promise<string> {
  const { subscriptionId } = await stage.stripe.subscribe({ clientReferenceId: actor.id, plan: "team", email });
  await eventually("the gift to be stored", async () => await originOf(subscriptionId) === "checkout");
  return subscriptionId;
}

async function originOf(subscriptionId: string): Promise<string | null> {
  const [row] = await stage.database.sql<{ origin: string | null }[]>`
    select origin from public.subscriptions where id = ${subscriptionId}`;
  return row?.origin ?? null;
}

const claim = (actor: Actor, subscriptionId?: string) =>
  actor.call("claim-subscription", { body: subscriptionId === undefined ? {} : { subscriptionId } });

test("a tenant claims what they bought through a Payment Link with their confirmed email, and may then manage it", async () => {
  const ada = await newcomer(stage, "ada");
  const id = await giftTo(ada, ada.email);
  assertRefused(await ada.call("billing-portal", { body: {} }), [404, "billing_customer_not_found"]);
  assert.deepEqual(await ada.switchboard.claimSubscription(), {
    subscriptions: [{ id, plan: "team", status: "active" }],
  });
  assert.equal(await originOf(id), "claim");
  assert.equal((await claim(ada, id)).status, 200, "a repeated claim is refused");
  assert.equal((await ada.call("billing-portal", { body: {} })).status, 200);
  await stage.stripe.control(id, "cancel");
  await eventually("the end of the subscription", async () => {
    return (await stage.database.preferencesOf(ada.id))?.status === "suspended";
  });
});

test("an attacker cannot claim another tenant's gift or own subscription, and changes nothing", async () => {
  const [ada, mallory] = [await newcomer(stage, "ada"), await newcomer(stage, "mallory")];
  const gift = await giftTo(ada, ada.email);
  const own = await stage.stripe.subscribe({
    clientReferenceId: null,
    plan: "team",
    email: mallory.email,
    subscriptionMetadata: { user_id: ada.id },
  });
  await eventually("the purchase to be stored", async () => await originOf(own.subscriptionId) === "metadata");
  for (const id of [gift, own.subscriptionId, "sub_unknown", undefined]) {
    assertRefused(await claim(mallory, id), [404, "subscription_not_found"]);
  }
  assert.deepEqual([await originOf(gift), await originOf(own.subscriptionId)], ["checkout", "metadata"]);
});

test("a tenant cannot claim a gift that another person bought, nor without a confirmed email", async () => {
  const [ada, ben] = [await newcomer(stage, "ada"), await newcomer(stage, "ben")];
  const gift = await giftTo(ada, "friend@example.com");
  const { body } = await claim(ada, gift);
  assert.equal(body.code, "customer_email_differs");
  assert.equal(JSON.stringify(body).includes("friend@example.com"), false, "the buyer's email is shown");
  await stage.database.sql`update auth.users set email_confirmed_at = null where id = ${ben.id}`;
  assertRefused(await claim(ben, await giftTo(ben, ben.email)), [403, "email_not_confirmed"]);
  assert.equal(await originOf(gift), "checkout");
});

test("a claim answers 503 while Stripe cannot be read, and succeeds afterwards", async () => {
  const ada = await newcomer(stage, "ada");
  const id = await giftTo(ada, ada.email);
  await quiescence(stage, ada);
  await stage.stripe.fault({ match: "GET /v1/customers", kind: "status", status: 500, times: 3 });
  try {
    assertRefused(await claim(ada, id), [503, "stripe_unavailable"]);
  } finally {
    await stage.stripe.clearFaults();
  }
  assert.equal((await claim(ada, id)).status, 200);
});
