import { Anchor, Skeleton } from "@mantine/core";
import { MessageSquare } from "lucide-react";
import { Link } from "wouter";
import { ConversationList } from "../inbox/conversation-list.tsx";
import { useConversations } from "../inbox/use-messages.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Panel } from "../platform/panel.tsx";

const SHOWN = 4;

/** The latest conversations. */
export function RecentMessages() {
  const { conversations, error, refetch } = useConversations();
  return (
    <Panel title="Recent messages" aside={<Anchor component={Link} href="/messages" size="sm">All messages</Anchor>}>
      {conversations === undefined && error === null && <Skeleton h={120} aria-label="Loading your messages" />}
      {conversations === undefined && error !== null && (
        <LoadFailure
          error={error}
          onRetry={() => void refetch()}
        />
      )}
      {conversations?.length === 0 && (
        <EmptyState icon={<MessageSquare />} title="No messages yet">
          Messages that you send and receive appear here.
        </EmptyState>
      )}
      {conversations !== undefined && conversations.length > 0 && (
        <ConversationList conversations={conversations.slice(0, SHOWN)} openId={undefined} />
      )}
    </Panel>
  );
}
