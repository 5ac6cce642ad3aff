import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";

/** What operators read about the installation. Whoever acknowledges or settles an alert invalidates it. */
export const HEALTH_KEY = ["operator", "health"];

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
