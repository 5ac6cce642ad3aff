import assert from "node:assert/strict";
import { checkoutUrlFor } from "./checkout-url.ts";
import { currentSubscription, mayBuy, type Plan, planInForce, type Subscription } from "./subscription.ts";

function subscription(fields: Partial<Subscription>): Subscription {
  return {
    id: "sub_1",
    plan_key: "team",
    status: "active",
    current_period_end: null,
    cancel_at: null,
    past_due_since: null,
    ended_at: null,
    created_at: "2026-01-01T00:00:00Z",
    ...fields,
  };
}

const PLANS: Plan[] = ["fallback", "free", "team"].map((key) => ({
  key,
  name: key,
  max_numbers: 1,
  daily_message_limit: 1,
  monthly_message_limit: 1,
}));

Deno.test("currentSubscription prefers a paid subscription to a newer canceled one", () => {
  const paid = subscription({ id: "sub_paid" });
  const canceled = subscription({ id: "sub_canceled", status: "canceled", created_at: "2026-02-01T00:00:00Z" });
  assert.equal(currentSubscription([canceled, paid])?.id, "sub_paid");
  assert.equal(currentSubscription([canceled])?.id, "sub_canceled");
  assert.equal(currentSubscription([]), null);
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
  for (const status of ["canceled", "incomplete_expired"] as const) assert.equal(mayBuy({ status }), true, status);
  assert.equal(mayBuy(null), true);
});

Deno.test("checkoutUrlFor adds the user and keeps the URL's existing parameters", () => {
  const user = { id: "3f2e", email: "ada+test@example.com" };
  const url = new URL(checkoutUrlFor("https://buy.example.com/abc?locale=de", user));
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    locale: "de",
    client_reference_id: "3f2e",
    prefilled_email: "ada+test@example.com",
    price: "starter",
  });
});
