import assert from "node:assert/strict";
import { noteOn } from "./next-event.ts";
import { outcomeIn, overviewUrl } from "./return-url.ts";
import {
  currentSubscription,
  isGift,
  mayBuy,
  mayCancel,
  mayChangePlan,
  ownSubscription,
  type Plan,
  planInForce,
  plansForSale,
  type Subscription,
  suggestedPlan,
} from "./subscription.ts";

function subscription(fields: Partial<Subscription>): Subscription {
  return {
    id: "sub_1",
    origin: "metadata",
    plan_key: "team",
    status: "active",
    first_payment_pending: false,
    current_period_end: null,
    cancel_at: null,
    past_due_since: null,
    ended_at: null,
    created_at: "2026-01-01T00:00:00Z",
    ...fields,
  };
}

const PLANS: Plan[] = ["fallback", "free", "team", "scale"].map((key, rank) => ({
  key,
  name: key,
  rank,
  superseded_at: null,
  max_numbers: 1,
  daily_message_limit: 1,
  monthly_message_limit: 1,
  entitle_while_pending: false,
}));

Deno.test("currentSubscription prefers a paid subscription to a newer canceled one", () => {
  const paid = subscription({ id: "sub_paid" });
  const canceled = subscription({ id: "sub_canceled", status: "canceled", created_at: "2026-02-01T00:00:00Z" });
  assert.equal(currentSubscription([canceled, paid], PLANS)?.id, "sub_paid");
  assert.equal(currentSubscription([canceled], PLANS)?.id, "sub_canceled");
  assert.equal(currentSubscription([], PLANS), null);
});

Deno.test("currentSubscription prefers the higher plan to a newer one, unless its first payment is pending", () => {
  const scale = subscription({ id: "sub_scale", plan_key: "scale" });
  const team = subscription({ id: "sub_team", created_at: "2026-02-01T00:00:00Z" });
  assert.equal(currentSubscription([team, scale], PLANS)?.id, "sub_scale");
  assert.equal(currentSubscription([team, { ...scale, first_payment_pending: true }], PLANS)?.id, "sub_team");
  assert.equal(currentSubscription([team, { ...scale, plan_key: null }], PLANS)?.id, "sub_team");
});

Deno.test("planInForce returns the subscription's plan while it is in force, then free or fallback", () => {
  const key = (status: Subscription["status"] | null, hasSubaccount: boolean) =>
    planInForce(PLANS, status === null ? null : subscription({ status }), hasSubaccount)?.key;
  assert.equal(key("past_due", true), "team");
  assert.equal(key("canceled", true), "free");
  assert.equal(key(null, true), "free");
  assert.equal(key(null, false), "fallback");
});

Deno.test("mayBuy refuses a second subscription while the first may still be paid", () => {
  for (const status of ["active", "trialing", "past_due", "unpaid", "paused", "incomplete"] as const) {
    assert.equal(mayBuy({ status }), false, status);
  }
  for (const status of ["canceled", "incomplete_expired"] as const) {
    assert.equal(mayBuy({ status }), true, status);
  }
  assert.equal(mayBuy(null), true);
});

Deno.test("a running subscription from a Payment Link is a gift until it is claimed, and refuses no purchase", () => {
  for (const origin of ["metadata", "operator", "claim"] as const) {
    assert.equal(isGift({ status: "active", origin }), false, origin);
  }
  const gift = subscription({ origin: "checkout" });
  assert.deepEqual([isGift(gift), isGift({ ...gift, status: "canceled" })], [true, false]);
  assert.equal(mayBuy(ownSubscription([gift], PLANS)), true);
});

Deno.test("ownSubscription returns the tenant's own subscription while a gift gives a higher plan", () => {
  const own = subscription({ id: "sub_own" });
  const gift = subscription({ id: "sub_gift", plan_key: "scale", origin: "checkout" });
  assert.equal(currentSubscription([own, gift], PLANS)?.id, "sub_gift");
  assert.equal(ownSubscription([own, gift], PLANS)?.id, "sub_own");
});

Deno.test("an own subscription can be changed while it gives a plan, and canceled until it is over or before it was paid", () => {
  const may = (status: Subscription["status"]) => [
    mayChangePlan(subscription({ status }), PLANS),
    mayCancel({ status }),
  ];
  for (const status of ["active", "trialing", "past_due"] as const) assert.deepEqual(may(status), [true, true], status);
  for (const status of ["unpaid", "paused"] as const) assert.deepEqual(may(status), [false, true], status);
  for (const status of ["incomplete", "incomplete_expired", "canceled"] as const) {
    assert.deepEqual(may(status), [false, false], status);
  }
  assert.equal(mayChangePlan(subscription({ first_payment_pending: true }), PLANS), false);
});

Deno.test("noteOn names the end of every running subscription that is canceled", () => {
  for (const status of ["active", "trialing", "past_due", "unpaid", "paused"] as const) {
    const note = (cancel_at: string | null) => noteOn(subscription({ status, cancel_at }));
    assert.match(note("2026-03-01T12:00:00Z"), /ends on .*2026/, status);
    assert.doesNotMatch(note(null), /2026/, status);
  }
});

Deno.test("plansForSale returns the current versions of the plans with a subscription, the smallest first", () => {
  const plan = (key: string, rank: number, superseded_at: string | null = null) => ({
    ...PLANS[0]!,
    key,
    rank,
    superseded_at,
  });
  const plans = [
    plan("scale", 4),
    plan("free", 1),
    plan("team-1", 3, "2026-01-01Z"),
    plan("team", 3),
    plan("fallback", 0),
  ];
  assert.deepEqual(plansForSale(plans).map(({ key }) => key), ["team", "scale"]);
});

Deno.test("outcomeIn reads what overviewUrl wrote, and removes it from the URL", () => {
  const page = new URL("https://app.example.com/console/?lang=de#/numbers");
  const url = overviewUrl(page, "paid");
  assert.equal(url, "https://app.example.com/console/?checkout=paid#/");
  assert.deepEqual(outcomeIn(url), { outcome: "paid", href: "https://app.example.com/console/#/" });
  assert.deepEqual(outcomeIn(page.href), { outcome: null, href: page.href });
  assert.equal(outcomeIn("https://app.example.com/?checkout=other").outcome, null);
});

Deno.test("a change of the plan suggests the next larger plan, then the next smaller one, and never the tenant's own", () => {
  const sold = plansForSale(PLANS);
  assert.deepEqual([null, "team", "scale", "an-old-one"].map((current) => suggestedPlan(sold, current)), [
    "team",
    "scale",
    "team",
    "team",
  ]);
  assert.equal(suggestedPlan([], null), null);
  assert.equal(suggestedPlan(sold.slice(0, 1), "team"), null);
});
