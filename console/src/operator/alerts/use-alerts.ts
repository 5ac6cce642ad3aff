import { useInfiniteQuery } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";
import { type AlertState, LISTED } from "./alert-kinds.ts";

/** Every list of alerts. */
export const ALERTS_KEY = ["operator", "alerts"];
const POLL_MS = 30_000;

/** The alerts in a state, newest first. */
export function useAlerts(state: AlertState) {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    queryKey: [...ALERTS_KEY, state],
    queryFn: ({ pageParam, signal }) => admin.listAlerts({ state: LISTED[state], before: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: POLL_MS,
  });
}
