import { useInfiniteQuery } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";

export type { DeadLetter } from "../../../../client/switchboard.ts";

/** The list of dead letters. */
export const DEAD_LETTERS_KEY = ["operator", "dead-letters"];
const POLL_MS = 30_000;

/** The dead letters, newest first. */
export function useDeadLetters() {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    queryKey: DEAD_LETTERS_KEY,
    queryFn: ({ pageParam, signal }) => admin.listDeadLetters({ before: pageParam }, { signal }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: POLL_MS,
  });
}
