import assert from "node:assert/strict";
import { outcomeIn, overviewUrl } from "./return-url.ts";
import {
  currentSubscription,
  isGift,
  mayBuy,
  type Plan,
  planInForce,
  plansForSale,
  type Subscription,
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
    assert.equal(mayBuy({ status, origin: "metadata" }), false, status);
  }
  for (const status of ["canceled", "incomplete_expired"] as const) {
    assert.equal(mayBuy({ status, origin: "metadata" }), true, status);
  }
  assert.equal(mayBuy(null), true);
});

Deno.test("a running subscription from a Payment Link is a gift until it is claimed, and refuses no purchase", () => {
  for (const origin of ["metadata", "operator", "claim"] as const) {
    assert.equal(isGift({ status: "active", origin }), false, origin);
  }
  const gift = { status: "active", origin: "checkout" } as const;
  assert.deepEqual([isGift(gift), mayBuy(gift), isGift({ ...gift, status: "canceled" })], [true, true, false]);
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
