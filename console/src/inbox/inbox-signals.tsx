import { useTabCount } from "../platform/tab-title.ts";
import { useOtherTabs } from "../platform/tabs.ts";
import { useUser } from "../session/session.tsx";
import { useUnreadConversations } from "./use-conversations.ts";

/** Keeps the tab's title and the user's tabs in agreement with the inbox, on every screen. Renders nothing. */
export function InboxSignals() {
  useTabCount(useUnreadConversations() ?? 0);
  useOtherTabs(useUser().id);
  return null;
}
