import { useUnreadConversations } from "../inbox/use-unread-conversations.ts";
import { OPERATOR_PATH } from "./hash-location.ts";
import { useArea } from "./use-area.ts";
import { useOpenAlerts } from "./use-open-alerts.ts";

/** How much needs attention on a screen; shown beside its name in the navigation. */
export interface BadgeCount {
  count: number;
  /** What is counted, for screen readers. */
  what: string;
}

/** By the path of the screen. */
export type Badges = Readonly<Record<string, BadgeCount>>;

/** The counts of the screens of the area. */
export function useBadges(): Badges {
  const isOperators = useArea().name === "operator";
  const unread = useUnreadConversations({ isRead: !isOperators }) ?? 0;
  const alerts = useOpenAlerts({ isRead: isOperators }) ?? 0;
  return isOperators
    ? { [`${OPERATOR_PATH}/alerts`]: { count: alerts, what: "not acknowledged" } }
    : { "/inbox": { count: unread, what: "unread" } };
}
