import type { Database } from "../../../supabase/functions/_shared/database.types.ts";

type Tables = Database["public"]["Tables"];

/** A Stripe subscription as the database last read it. */
export type Subscription = Pick<
  Tables["subscriptions"]["Row"],
  "id" | "plan_key" | "status" | "current_period_end" | "cancel_at" | "past_due_since" | "ended_at" | "created_at"
>;

export type Plan = Pick<
  Tables["plans"]["Row"],
  "key" | "name" | "max_numbers" | "daily_message_limit" | "monthly_message_limit"
>;

/** Those that keep a plan's limits in force, as the database's `plan_of` has it. */
const IN_FORCE = new Set<Subscription["status"]>(["trialing", "active", "past_due"]);

/** The subscription that counts: the newest in force, else the newest of all. */
export function currentSubscription(subscriptions: readonly Subscription[]): Subscription | null {
  const newestFirst = subscriptions.toSorted((a, b) => b.created_at.localeCompare(a.created_at));
  return newestFirst.find(isInForce) ?? newestFirst[0] ?? null;
}

/** Those that will not come back: a new one may be bought without paying twice. */
const OVER = new Set<Subscription["status"]>(["canceled", "incomplete_expired"]);

/** Whether a new subscription may be offered. One that is merely unpaid or paused is to be mended, not doubled. */
export function mayBuy(subscription: Pick<Subscription, "status"> | null): boolean {
  return subscription === null || OVER.has(subscription.status);
}

export function isInForce({ status }: Pick<Subscription, "status">): boolean {
  return IN_FORCE.has(status);
}

/** The plan whose limits hold. Without a subscription: `free` with a subaccount of one's own, `fallback` on shared numbers. */
export function planInForce(
  plans: readonly Plan[],
  subscription: Subscription | null,
  hasSubaccount: boolean,
): Plan | null {
  const withoutSubscription = hasSubaccount ? "free" : "fallback";
  const key = subscription !== null && isInForce(subscription) ? subscription.plan_key : withoutSubscription;
  return plans.find((plan) => plan.key === key) ?? null;
}
