import type { Subaccount } from "../../../client/switchboard.ts";
import type { Database } from "../../../supabase/functions/_shared/database.types.ts";

export type { Subaccount };
export type SubaccountStatus = NonNullable<Subaccount["status"]>;

/** A Stripe subscription as the database last read it. */
export type Subscription = Pick<
  Database["public"]["Tables"]["subscriptions"]["Row"],
  | "id"
  | "origin"
  | "plan_key"
  | "status"
  | "first_payment_pending"
  | "current_period_end"
  | "cancel_at"
  | "past_due_since"
  | "ended_at"
  | "created_at"
>;

/** The columns of `Subscription`. */
export const SUBSCRIPTION_COLUMNS =
  "id, origin, plan_key, status, first_payment_pending, current_period_end, cancel_at, past_due_since, ended_at, created_at";

/** What a tenant has and pays for. Both are read together, because each of them changes the other. */
export interface Account {
  subaccount: Subaccount;
  subscriptions: Subscription[];
}

const PAID: ReadonlySet<Subscription["status"]> = new Set(["trialing", "active", "past_due"]);
const LAPSED: ReadonlySet<Subscription["status"]> = new Set(["canceled", "unpaid", "paused"]);

/**
 * Whether the subaccount is about to follow the subscriptions, or the request of the tenant: then the next read shows
 * something else. The server decides; this only says whether to look again soon.
 */
export function isChanging({ subaccount, subscriptions }: Account): boolean {
  const { status, heldByOperator } = subaccount;
  if (status === "pending") return true;
  if (heldByOperator || status === "closed") return false;
  const isPaid = subscriptions.some((each) => PAID.has(each.status) && !each.first_payment_pending);
  if (status === null) return isPaid;
  if (status === "active") {
    return !isPaid && subscriptions.some((each) => LAPSED.has(each.status) && each.origin !== "checkout");
  }
  return subscriptions.some(({ status, first_payment_pending: isPending }) =>
    (status === "trialing" || status === "active") && !isPending
  );
}
