import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import { rowsOf } from "../platform/read-rows.ts";
import type { Account } from "../subaccount/account.ts";
import { ACCOUNT_KEY, useAccount } from "../subaccount/use-account.ts";
import {
  currentSubscription,
  ownSubscription,
  type Plan,
  PLAN_COLUMNS,
  planInForce,
  type Subscription,
} from "./subscription.ts";

/** The subscriptions are read together with the subaccount. */
export const SUBSCRIPTIONS_KEY = ACCOUNT_KEY;

export interface Billing {
  /** The one that gives the plan. */
  subscription: Subscription | null;
  /** The one that the tenant pays for. It differs from `subscription` while a gift gives a higher plan. */
  own: Subscription | null;
  /** Null when the database has no such plan. */
  plan: Plan | null;
}

/** The caller's subscription and plan. `billing` is undefined until the account and the plans are loaded. */
export function useBilling() {
  const account = useAccount();
  const plans = usePlans();
  return {
    billing: account.data && plans.data && billingOf(account.data, plans.data),
    error: account.error ?? plans.error,
    refetch: () => Promise.all([account.refetch(), plans.refetch()]),
  };
}

/** The subscriptions that count, and the plan in force. */
export function billingOf({ subaccount, subscriptions }: Account, plans: readonly Plan[]): Billing {
  const subscription = currentSubscription(subscriptions, plans);
  return {
    subscription,
    own: ownSubscription(subscriptions, plans),
    plan: planInForce(plans, subscription, subaccount.provisioned),
  };
}

/** The plans. They rarely change, so they are read once. */
export function usePlans() {
  const { supabase } = useBackend();
  return useQuery({
    queryKey: ["plans"],
    queryFn: async () =>
      rowsOf(
        "plans",
        await supabase.from("plans").select(PLAN_COLUMNS),
      ),
    staleTime: Infinity,
  });
}
