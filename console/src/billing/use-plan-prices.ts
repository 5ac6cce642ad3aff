import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import type { PlanPrice } from "./plan-facts.ts";

const READ_AGAIN_MS = 60_000;

/** What the plans for sale cost. A plan without a price is absent: Stripe says it at the checkout. */
export interface PlanPrices {
  prices: ReadonlyMap<string, PlanPrice>;
  /** Whether Stripe could not be read, so that prices are missing. */
  isIncomplete: boolean;
}

/** The prices of the plans for sale; `data` is undefined until they are read. Not read where the console sells nothing. */
export function usePlanPrices() {
  const { switchboard, config: { sellsSubscriptions } } = useBackend();
  return useQuery({
    queryKey: ["plan-prices"],
    queryFn: async (): Promise<PlanPrices> => {
      const { plans } = await switchboard.plansForSale();
      return {
        prices: new Map(plans.flatMap(({ plan, price }) => price === null ? [] : [[plan, price]])),
        isIncomplete: plans.some(({ readAt }) => readAt === null),
      };
    },
    enabled: sellsSubscriptions,
    staleTime: READ_AGAIN_MS,
    refetchInterval: ({ state: { data } }) => data?.isIncomplete === true ? READ_AGAIN_MS : false,
    meta: { isAside: true },
  });
}
