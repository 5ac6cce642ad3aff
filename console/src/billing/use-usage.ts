import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";

const POLL_MS = 60_000;

/** The usage and what is left of the limits in the current billing period. Not read for tenants without a subaccount. */
export function useUsage(isEnabled: boolean) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: ["usage", "period"],
    queryFn: () => switchboard.getUsage({ by: "period" }),
    enabled: isEnabled,
    staleTime: 30_000,
    meta: { isAside: true },
    refetchInterval: POLL_MS,
  });
}
