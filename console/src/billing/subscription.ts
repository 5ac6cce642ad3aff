import type { Database } from "../../../supabase/functions/_shared/database.types.ts";
import type { Subscription } from "../subaccount/account.ts";

type Tables = Database["public"]["Tables"];

export type { Subscription };

export type Plan = Pick<
  Tables["plans"]["Row"],
  | "key"
  | "name"
  | "rank"
  | "superseded_at"
  | "max_numbers"
  | "daily_message_limit"
  | "monthly_message_limit"
  | "entitle_while_pending"
>;

/** A plan with all that tenants compare. */
export type PlanDetails =
  & Plan
  & Pick<
    Tables["plans"]["Row"],
    | "spend_limit"
    | "currency"
    | "messages_per_second"
    | "included_sms_out"
    | "included_sms_in"
    | "included_mms_out"
    | "included_mms_in"
    | "included_numbers"
    | "sending_grace"
  >;

/** The columns of `PlanDetails`. */
export const PLAN_COLUMNS =
  "key, name, rank, superseded_at, max_numbers, daily_message_limit, monthly_message_limit, entitle_while_pending, spend_limit, currency, messages_per_second, included_sms_out, included_sms_in, included_mms_out, included_mms_in, included_numbers, sending_grace";

/** Statuses that keep a plan's limits in force; `past_due` during its grace period. */
const IN_FORCE = new Set<Subscription["status"]>(["trialing", "active", "past_due"]);

/**
 * Returns the subscription in force with the highest plan, then the newest, as the database's `entitlement_of` ranks them; the
 * newest of all if none is in force.
 */
export function currentSubscription(
  subscriptions: readonly Subscription[],
  plans: readonly Plan[],
): Subscription | null {
  const newestFirst = subscriptions.toSorted((a, b) => b.created_at.localeCompare(a.created_at));
  const rankOf = ({ plan_key: key }: Subscription) => plans.find((plan) => plan.key === key)?.rank ?? -1;
  const inForce = newestFirst.filter((subscription) => isInForce(subscription, plans))
    .toSorted((a, b) => rankOf(b) - rankOf(a));
  return inForce[0] ?? newestFirst[0] ?? null;
}

/**
 * Returns the subscription that the tenant pays for themselves, which `change-plan` and `cancel-subscription` change; null
 * without one. A gift may give the plan meanwhile.
 */
export function ownSubscription(subscriptions: readonly Subscription[], plans: readonly Plan[]): Subscription | null {
  return currentSubscription(subscriptions.filter(({ origin }) => origin !== "checkout"), plans);
}

/** Final statuses: the tenant can buy a new subscription without paying twice. */
const OVER = new Set<Subscription["status"]>(["canceled", "incomplete_expired"]);

/** Whether to offer a new subscription beside the tenant's own. An unpaid or paused one has to be repaired, not duplicated. */
export function mayBuy(own: Pick<Subscription, "status"> | null): boolean {
  return own === null || OVER.has(own.status);
}

/** Whether `change-plan` accepts the tenant's own subscription: it gives a plan now, and its payment is not given up. */
export function mayChangePlan(own: Subscription, plans: readonly Plan[]): boolean {
  return isInForce(own, plans);
}

/** Whether the end of the tenant's own subscription can be scheduled. One that was never paid ends by itself. */
export function mayCancel({ status }: Pick<Subscription, "status">): boolean {
  return !OVER.has(status) && status !== "incomplete";
}

/** Whether it was bought through a Payment Link, perhaps by another person, and its tenant has not claimed it. */
export function isGift({ origin, status }: Pick<Subscription, "status" | "origin">): boolean {
  return origin === "checkout" && !OVER.has(status);
}

/** The plans of tenants without a subscription, as in the database's `begin_checkout`. */
const NEVER_SOLD = new Set(["fallback", "free"]);

/** Returns the plans that can be bought, the smallest first. */
export function plansForSale<Offered extends Plan>(plans: readonly Offered[]): Offered[] {
  return plans.filter(({ key, superseded_at: superseded }) => superseded === null && !NEVER_SOLD.has(key))
    .toSorted((a, b) => a.rank - b.rank);
}

/** The key of the plan that is offered first: the one above the tenant's, or the one below the largest. */
export function suggestedPlan(plans: readonly Plan[], current: string | null): string | null {
  const index = plans.findIndex(({ key }) => key === current);
  return (plans[index + 1] ?? plans[index - 1])?.key ?? null;
}

/** Whether a subscription gives a plan now. */
export function isInForce(
  { status, plan_key: key, first_payment_pending: isPending }: Subscription,
  plans: readonly Plan[],
) {
  const plan = plans.find((each) => each.key === key);
  return plan !== undefined && IN_FORCE.has(status) && (!isPending || plan.entitle_while_pending);
}

/** Returns the plan whose limits apply. Without a subscription: `free` with a subaccount, else `fallback`. */
export function planInForce<Known extends Plan>(
  plans: readonly Known[],
  subscription: Subscription | null,
  hasSubaccount: boolean,
): Known | null {
  const withoutSubscription = hasSubaccount ? "free" : "fallback";
  const key = subscription !== null && isInForce(subscription, plans) ? subscription.plan_key : withoutSubscription;
  return plans.find((plan) => plan.key === key) ?? null;
}
