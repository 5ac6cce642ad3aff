import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";

/** Jobs of the tenant, and other operators, change what is shown. */
const POLL_MS = 10_000;

export const keyOf = (userId: string) => ["operator", "tenant", userId] as const;

/** What an action on a tenant changes: also the lists that the tenant is in. */
export const CHANGES = [["operator"]] as const;

/** One tenant as a whole. */
export function useTenant(userId: string) {
  const { switchboard: { admin } } = useBackend();
  return useQuery({
    queryKey: keyOf(userId),
    queryFn: () => admin.tenant(userId),
    refetchInterval: POLL_MS,
    meta: { isAside: true },
  });
}
