import { useInfiniteQuery } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";
import { type AlertFilter, LISTED } from "./alert-kinds.ts";

/** Every list of alerts. */
export const ALERTS_KEY = ["operator", "alerts"];
const POLL_MS = 30_000;

/** The alerts that a filter lists, newest first. */
export function useAlerts({ state, kind }: AlertFilter) {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    queryKey: [...ALERTS_KEY, state, kind],
    queryFn: ({ pageParam, signal }) => admin.listAlerts({ state: LISTED[state], kind, before: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: POLL_MS,
  });
}
