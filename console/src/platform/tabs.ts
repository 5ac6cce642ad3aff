import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

/** Distinguishes this tab from the others of the same user. */
const THIS_TAB = crypto.randomUUID();

interface Change {
  tab: string;
  keys: readonly QueryKey[];
}

const channelOf = (userId: string) => new BroadcastChannel(`switchboard:${userId}`);

/** Tells the user's other tabs that what these queries read has changed. */
export function tellOtherTabs(userId: string, keys: readonly QueryKey[]): void {
  const channel = channelOf(userId);
  channel.postMessage({ tab: THIS_TAB, keys } satisfies Change);
  channel.close();
}

/** Reads again what another tab of the user has changed. */
export function useOtherTabs(userId: string): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const channel = channelOf(userId);
    channel.onmessage = ({ data: { tab, keys } }: MessageEvent<Change>) => {
      if (tab === THIS_TAB) return;
      for (const queryKey of keys) void queryClient.invalidateQueries({ queryKey });
    };
    return () => channel.close();
  }, [queryClient, userId]);
}
