import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";

/** What operators set prices by. An action invalidates the list that it changes. */
export const PLANS_KEY = ["operator", "plans"];
export const CARRIER_FEES_KEY = ["operator", "carrier-fees"];
export const EXCHANGE_RATES_KEY = ["operator", "exchange-rates"];
/** Usage that waits for a rate: setting one ends that. */
export const WAITING_KEY = ["operator", "revenue", "unbilled", "waits-for-rate"];

const PAGE = 200;
const firstPage = { initialPageParam: undefined as string | undefined };
const nextOf = ({ next }: { next: string | null }) => next ?? undefined;

export function usePlanVersions() {
  const { switchboard: { admin } } = useBackend();
  return useQuery({
    queryKey: PLANS_KEY,
    queryFn: ({ signal }) => admin.plans({ signal }),
    select: ({ plans }) => plans,
  });
}

export function useCarrierFees() {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    ...firstPage,
    queryKey: CARRIER_FEES_KEY,
    queryFn: ({ pageParam, signal }) => admin.listCarrierFees({ limit: PAGE, cursor: pageParam }, { signal }),
    getNextPageParam: nextOf,
  });
}

export function useExchangeRates() {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    ...firstPage,
    queryKey: EXCHANGE_RATES_KEY,
    queryFn: ({ pageParam, signal }) => admin.listExchangeRates({ limit: PAGE, cursor: pageParam }, { signal }),
    getNextPageParam: nextOf,
  });
}

/** Whether usage waits for an exchange rate, and since which day. */
export function useWaitsForRate() {
  const { switchboard: { admin } } = useBackend();
  return useQuery({
    queryKey: WAITING_KEY,
    queryFn: async ({ signal }) => {
      const { usage } = await admin.listUnbilled({ state: "waits_for_rate", limit: 1 }, { signal });
      return usage[0]?.day ?? null;
    },
  });
}
