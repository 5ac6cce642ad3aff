import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import { rowsOf } from "../platform/read-rows.ts";
import { useUser } from "../session/session.tsx";
import { useSubaccount } from "../subaccount/use-subaccount.ts";
import { currentSubscription, ownSubscription, type Plan, planInForce, type Subscription } from "./subscription.ts";

const POLL_MS = 5_000;
export const SUBSCRIPTIONS_KEY = ["subscriptions"];

export interface Billing {
  /** The one that gives the plan. */
  subscription: Subscription | null;
  /** The one that the tenant pays for. It differs from `subscription` while a gift gives a higher plan. */
  own: Subscription | null;
  /** Null when the database has no such plan. */
  plan: Plan | null;
}

/** The caller's subscription and plan. `billing` is undefined until both and the subaccount are loaded. */
export function useBilling() {
  const { supabase } = useBackend();
  const { id: userId } = useUser();
  const { data: subaccount } = useSubaccount();
  const subscriptions = useQuery({
    queryKey: SUBSCRIPTIONS_KEY,
    queryFn: async () =>
      rowsOf(
        "subscriptions",
        await supabase.from("subscriptions")
          .select(
            "id, origin, plan_key, status, first_payment_pending, current_period_end, cancel_at, past_due_since, ended_at, created_at",
          )
          .eq("user_id", userId),
      ),
    refetchInterval: POLL_MS,
  });
  const plans = usePlans();
  const isKnown = subscriptions.data !== undefined && plans.data !== undefined && subaccount !== undefined;
  const known = [subscriptions.data ?? [], plans.data ?? []] as const;
  const subscription = currentSubscription(...known);
  const billing: Billing | undefined = isKnown
    ? {
      subscription,
      own: ownSubscription(...known),
      plan: planInForce(plans.data, subscription, subaccount.provisioned),
    }
    : undefined;
  return {
    billing,
    error: subscriptions.error ?? plans.error,
    refetch: () => Promise.all([subscriptions.refetch(), plans.refetch()]),
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
        await supabase.from("plans").select(
          "key, name, rank, superseded_at, max_numbers, daily_message_limit, monthly_message_limit, entitle_while_pending",
        ),
      ),
    staleTime: Infinity,
  });
}
