import { useQuery } from "@tanstack/react-query";
import { HEALTH_KEY } from "../operator/health/use-health.ts";
import { useBackend } from "../platform/backend.tsx";

const REFRESH_MS = 60_000;

/** How many alerts are open that no operator has acknowledged; undefined until loaded, and for other users. */
export function useOpenAlerts({ isRead }: { isRead: boolean }): number | undefined {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: HEALTH_KEY,
    queryFn: ({ signal }) => switchboard.admin.health({ signal }),
    select: ({ alerts }) => alerts.reduce((sum, { unacknowledged }) => sum + unacknowledged.count, 0),
    refetchInterval: REFRESH_MS,
    enabled: isRead,
    meta: { isAside: true },
  }).data;
}
