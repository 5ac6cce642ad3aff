import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import { type Backend, useBackend } from "../../platform/backend.tsx";
import { useUser } from "../../session/session.tsx";
import { followMessages } from "./live-channel.ts";
import { Refresher } from "./refresh.ts";

/** The longest time for which a change stays unseen while changes arrive: a safety net under Realtime. */
const LIVE_POLL_MS = 60_000;

/** One user's live updates, shared by all components that show messages. */
class LiveMessages {
  isLive = false;
  readonly #listeners = new Set<() => void>();
  #stop: (() => void) | null = null;

  constructor(readonly start: (setLive: (isLive: boolean) => void) => () => void) {}

  /** The first listener opens the channel, and the last one closes it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#stop ??= this.start((isLive) => this.#set(isLive));
    return () => {
      this.#listeners.delete(listener);
      // The next screen may follow at once: it keeps the channel.
      setTimeout(() => {
        if (this.#listeners.size > 0) return;
        this.#stop?.();
        this.#stop = null;
        this.#set(false);
      });
    };
  }

  #set(isLive: boolean) {
    if (this.isLive === isLive) return;
    this.isLive = isLive;
    for (const listener of this.#listeners) listener();
  }
}

/** By query client: each signed-in user has one. */
const known = new WeakMap<QueryClient, LiveMessages>();

function liveMessagesOf(queryClient: QueryClient, userId: string, { supabase, switchboard }: Backend): LiveMessages {
  const existing = known.get(queryClient);
  if (existing !== undefined) return existing;
  const created = new LiveMessages((setLive) => {
    const refresher = new Refresher({ queryClient, list: switchboard.listMessages.bind(switchboard) });
    const stop = followMessages({
      supabase,
      userId,
      onChange: (change) => refresher.add(change),
      onGap: () => refresher.addAll(),
      onState: setLive,
    });
    return () => {
      stop();
      refresher.stop();
    };
  });
  known.set(queryClient, created);
  return created;
}

/**
 * Keeps everything that shows messages up to date: over Realtime where the project has it, and otherwise by polling.
 * Returns how often a query should poll, given how often it does without Realtime.
 */
export function useLiveMessages(): (pollMs: number) => number {
  const backend = useBackend();
  const queryClient = useQueryClient();
  const { id: userId } = useUser();
  const hasRealtime = backend.config.realtime;
  const subscribe = useCallback(
    (listener: () => void) =>
      hasRealtime ? liveMessagesOf(queryClient, userId, backend).subscribe(listener) : () => {},
    [hasRealtime, queryClient, userId, backend],
  );
  const isLive = useSyncExternalStore(subscribe, () => hasRealtime && (known.get(queryClient)?.isLive ?? false));
  return (pollMs) => isLive ? Math.max(pollMs, LIVE_POLL_MS) : pollMs;
}
