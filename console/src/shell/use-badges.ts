import { useUnreadConversations } from "../inbox/use-unread-conversations.ts";

/** How much needs attention on a screen, such as unread conversations; shown beside its name in the navigation. */
export type Badges = Readonly<Record<string, number>>;

/** The counts of all screens. */
export function useBadges(): Badges {
  return { "/inbox": useUnreadConversations() ?? 0 };
}
