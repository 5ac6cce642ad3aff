import { useTabCount } from "../platform/tab-title.ts";
import { useOtherTabs } from "../platform/tabs.ts";
import { useUser } from "../session/session.tsx";
import { useLiveMessages } from "./live/use-live-messages.ts";
import { useUnreadConversations } from "./use-unread-conversations.ts";

/** Keeps the inbox up to date, and the tab's title and the user's tabs in agreement with it, on every screen. Renders nothing. */
export function InboxSignals() {
  useTabCount(useUnreadConversations() ?? 0);
  useOtherTabs(useUser().id);
  useLiveMessages();
  return null;
}
