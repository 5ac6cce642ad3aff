import { useUnreadConversations } from "../inbox/use-unread-conversations.ts";
import type { Screen } from "./screens.ts";

/** How much needs attention on a screen, such as unread conversations; shown beside its name in the navigation. */
export type Badges = Partial<Record<Screen["path"], number>>;

/** The counts of all screens. */
export function useBadges(): Badges {
  return { "/inbox": useUnreadConversations() ?? 0 };
}
