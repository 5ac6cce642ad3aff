import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";

// The navigation imports this file alone, so that the code of the inbox is loaded with its screen.

/** Every list of conversations, and every single one. */
export const CONVERSATIONS_KEY = ["conversations"];
/** How many conversations are unread. */
export const UNREAD_KEY = ["unread"];

/** Live updates invalidate the lists. This is for what they miss. */
export const REFRESH_MS = 30_000;

/** How many conversations have unread messages, counted up to 1,000; undefined until loaded, and where they are not read. */
export function useUnreadConversations({ isRead = true } = {}): number | undefined {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: UNREAD_KEY,
    queryFn: async ({ signal }) => {
      const { unreadConversations } = await switchboard.listConversations({ unread: true, limit: 1 }, { signal });
      return unreadConversations;
    },
    refetchInterval: REFRESH_MS,
    enabled: isRead,
    meta: { isAside: true },
  }).data;
}
