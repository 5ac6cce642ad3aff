import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { plansForSale } from "../billing/subscription.ts";
import { useBilling, usePlans } from "../billing/use-billing.ts";
import { useSubaccount } from "../subaccount/use-subaccount.ts";
import { type Obstacle, obstacleToBuying } from "./buying.ts";
import { OVERVIEW_KEY, useNumbersOverview } from "./use-numbers.ts";

/** Why the tenant cannot buy a number now: null without a reason, undefined until everything that decides is loaded. */
export function useObstacle(): Obstacle | null | undefined {
  const { data: subaccount } = useSubaccount();
  const { data: overview } = useNumbersOverview();
  const { billing } = useBilling();
  const { data: plans = [] } = usePlans();
  if (subaccount === undefined || overview === undefined || billing === undefined) return undefined;
  const hasLargerPlan = plansForSale(plans).some((plan) => plan.max_numbers > overview.numbers.limit);
  return obstacleToBuying({ subaccount, own: billing.own, overview, hasLargerPlan });
}

/** Reads the limits again as soon as the plan or the subaccount changes. Use it once on a screen. */
export function useFreshLimits(): void {
  const queryClient = useQueryClient();
  const { data: subaccount } = useSubaccount();
  const { billing } = useBilling();
  const facts = subaccount === undefined || billing === undefined
    ? null
    : `${subaccount.status} ${billing.plan?.key} ${billing.subscription?.status}`;
  const before = useRef(facts);
  useEffect(() => {
    if (before.current !== null && facts !== null && before.current !== facts) {
      void queryClient.invalidateQueries({ queryKey: OVERVIEW_KEY });
    }
    before.current = facts ?? before.current;
  }, [facts, queryClient]);
}
