import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";
import type { Sides } from "../conversations.ts";
import { usePollMs } from "../live/use-live-messages.ts";
import { loadNewer, loadOlder, openThread, type WindowUpdate } from "./load.ts";
import { threadQuery, updateThread } from "./thread-query.ts";

/** How often an open thread is read without Realtime. Polls stop while the page is hidden. */
const POLL_MS = 2_000;

/**
 * The messages between two numbers: the newest ones, or those around the message `at`. More of them are loaded in both
 * directions, and what is loaded is kept up to date.
 */
export function useThread(sides: Sides, at?: string) {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  const pollMs = usePollMs(POLL_MS);
  const list = switchboard.listMessages.bind(switchboard);
  const options = threadQuery(queryClient, list, sides, at);
  const { data: window, error, refetch } = useQuery({ ...options, refetchInterval: pollMs });

  const change = (update: WindowUpdate) => updateThread(queryClient, options.queryKey, update);
  const loader = { list, sides };
  const older = useMutation({
    mutationFn: (cursor: string) => loadOlder(loader, cursor),
    onSuccess: change,
  });
  const newer = useMutation({
    mutationFn: (cursor: string) => loadNewer(loader, cursor),
    onSuccess: change,
  });
  const latest = useMutation({
    mutationFn: () => openThread(loader),
    onSuccess: (opened) => change(({ epoch }) => ({ ...opened, epoch: epoch + 1 })),
    // Its button is over the messages, and has no place for an error.
    meta: { background: true },
  });

  return {
    /** Undefined until the first messages are loaded. */
    window,
    error,
    refetch,
    /** Why older messages could not be loaded. */
    olderError: older.error,
    newerError: newer.error,
    isLoadingNewer: newer.isPending || latest.isPending,
    loadOlder: () => {
      if (window?.older != null && !older.isPending) older.mutate(window.older);
    },
    loadNewer: () => {
      if (window?.newer != null && !newer.isPending) newer.mutate(window.newer);
    },
    /** Leaves a part in the middle of the conversation for its end. */
    goToEnd: () => latest.mutate(),
  };
}
