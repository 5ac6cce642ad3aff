import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import type { ConversationPage } from "../../../../client/switchboard.ts";
import { type Backend, useBackend } from "../../platform/backend.tsx";
import { useUser } from "../../session/session.tsx";
import type { ConversationRows } from "../conversation-rows.ts";
import { listKey, UNREAD_KEY } from "../use-conversations.ts";
import { pollHead } from "./head-poller.ts";
import { followMessages, type LiveChannelOptions } from "./live-channel.ts";
import { Refresher } from "./refresh.ts";

/** How often the newest conversation is asked for without Realtime. */
const HEAD_POLL_MS = 3_000;
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

function liveMessagesOf(queryClient: QueryClient, userId: string, backend: Backend): LiveMessages {
  const existing = known.get(queryClient);
  if (existing !== undefined) return existing;
  const { config, switchboard } = backend;
  const created = new LiveMessages((setLive) => {
    const refresher = new Refresher({ queryClient, list: switchboard.listMessages.bind(switchboard) });
    const stopFollowing = !config.realtime ? () => {} : followLater(backend, {
      userId,
      onChange: (change) => refresher.add(change),
      onGap: () => refresher.addAll(),
      onState: setLive,
    });
    const stopPolling = pollHead({
      readHead: () => switchboard.listConversations({ limit: 1 }),
      isNews: (head) => differs(head, queryClient),
      onChange: () => refresher.addAll(),
      isNeeded: () => !created.isLive && document.visibilityState === "visible" && navigator.onLine,
      everyMs: HEAD_POLL_MS,
    });
    return () => {
      stopFollowing();
      stopPolling();
      refresher.stop();
    };
  });
  known.set(queryClient, created);
  return created;
}

/** Whether the newest conversation and the unread count are not those that the screens have read. */
function differs(
  { conversations: [newest], unreadConversations }: ConversationPage,
  queryClient: QueryClient,
): boolean {
  const unread = queryClient.getQueryData<number>(UNREAD_KEY);
  const listed = queryClient.getQueryData<ConversationRows>(listKey({ view: "all" }))?.rows[0];
  return (unread !== undefined && unread !== unreadConversations) ||
    (listed !== undefined && listed.lastMessage.id !== newest?.lastMessage.id);
}

/** Follows a user's messages once the code of Realtime is loaded. Without it, polling goes on. @returns stops following */
function followLater({ config, supabase }: Backend, options: Omit<LiveChannelOptions, "realtime">): () => void {
  let stop: () => void = () => {};
  let isStopped = false;
  import("./realtime.ts").then(({ openRealtime }) => {
    if (isStopped) return;
    const { client, close } = openRealtime({ ...config, supabase });
    const stopFollowing = followMessages({ ...options, realtime: client });
    stop = () => {
      stopFollowing();
      close();
    };
  }).catch((error) => console.error("Cannot load Realtime", error));
  return () => {
    isStopped = true;
    stop();
  };
}

/**
 * Keeps everything that shows messages up to date while a component with this hook is shown: over Realtime where the project
 * has it, and by polling where it has not, or while the socket is down. Returns whether changes arrive over Realtime.
 */
export function useLiveMessages(): boolean {
  const backend = useBackend();
  const queryClient = useQueryClient();
  const { id: userId } = useUser();
  const live = liveMessagesOf(queryClient, userId, backend);
  const subscribe = useCallback((listener: () => void) => live.subscribe(listener), [live]);
  return useSyncExternalStore(subscribe, () => live.isLive);
}

/** How often a query polls, given how often it does without Realtime. */
export function usePollMs(withoutRealtimeMs: number): number {
  return useLiveMessages() ? Math.max(withoutRealtimeMs, LIVE_POLL_MS) : withoutRealtimeMs;
}
