import { Anchor } from "@mantine/core";
import { MessageSquare } from "lucide-react";
import { Link } from "wouter";
import { ConversationRow } from "../inbox/conversation-row.tsx";
import { idOf } from "../inbox/conversation-rows.ts";
import { useConversations } from "../inbox/use-conversations.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";

const SHOWN = 4;

/** The latest conversations. */
export function RecentMessages() {
  const { conversations, error, retry } = useConversations({ view: "all" });
  return (
    <Panel title="Recent messages" aside={<Anchor component={Link} href="/inbox" size="sm">All messages</Anchor>}>
      {conversations === undefined && error === null && <Loading h={120} label="Loading your messages" />}
      {conversations === undefined && error !== null && <LoadFailure error={error} onRetry={retry} />}
      {conversations?.length === 0 && (
        <EmptyState icon={<MessageSquare />} title="No messages yet">
          Messages that you send and receive appear here.
        </EmptyState>
      )}
      {conversations?.slice(0, SHOWN).map((conversation) => (
        <ConversationRow key={idOf(conversation)} conversation={conversation} />
      ))}
    </Panel>
  );
}
