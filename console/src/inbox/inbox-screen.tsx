import { Button, Center, Group, Skeleton, Stack, Title } from "@mantine/core";
import { MessageSquare, SquarePen } from "lucide-react";
import { useEffect } from "react";
import { useLocation } from "wouter";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { ConversationList } from "./conversation-list.tsx";
import { ConversationPane } from "./conversation-pane.tsx";
import { type Conversation, sidesOfId } from "./conversations.ts";
import { openSendMessage } from "../send-message/open-send-message.tsx";
import { useConversations } from "./use-messages.ts";

/** The conversations on the left and the open one on the right. Narrow screens show one of the two. */
export function InboxScreen({ conversation: openId }: { conversation: string | undefined }) {
  const { conversations, hasEarlier, error, refetch } = useConversations();
  const [, navigate] = useLocation();
  useEffect(() => {
    document.title = "Inbox · Switchboard";
  }, []);
  useEffect(() => {
    if (openId !== "new") return;
    openSendMessage();
    navigate("/inbox", { replace: true });
  }, [openId]);
  return (
    <div className={openId === undefined ? "messages screen-full" : "messages messages-open screen-full"}>
      <div className="messages-list">
        <Group justify="space-between" p="md" wrap="nowrap">
          <Title order={1} size="h3">Inbox</Title>
          <Button onClick={() => openSendMessage()} size="xs" leftSection={<SquarePen size={16} />}>
            New message
          </Button>
        </Group>
        {conversations === undefined && error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
        {conversations === undefined && error === null && <ListSkeleton />}
        {conversations !== undefined && conversations.length > 0 && (
          <ConversationList conversations={conversations} openId={openId} />
        )}
        {conversations?.length === 0 && <NoMessages />}
      </div>
      <div className="messages-pane">
        <OpenPane openId={openId} conversations={conversations} hasEarlier={hasEarlier} />
      </div>
    </div>
  );
}

interface OpenPaneProps {
  openId: string | undefined;
  conversations: readonly Conversation[] | undefined;
  hasEarlier: boolean;
}

function OpenPane({ openId, conversations, hasEarlier }: OpenPaneProps) {
  const sides = openId === undefined ? null : sidesOfId(openId);
  if (sides === null) {
    return (
      <Center h="100%">
        <EmptyState icon={<MessageSquare />} title="No conversation open">
          Choose one from the list, or write a new message.
        </EmptyState>
      </Center>
    );
  }
  const messages = conversations?.find(({ id }) => id === openId)?.messages ?? [];
  return <ConversationPane key={openId} sides={sides} messages={messages} hasEarlier={hasEarlier} />;
}

function ListSkeleton() {
  return (
    <Stack gap="xs" px="md" aria-label="Loading your messages">
      {[0, 1, 2, 3].map((row) => <Skeleton key={row} h={56} />)}
    </Stack>
  );
}

function NoMessages() {
  return (
    <EmptyState icon={<MessageSquare />} title="No messages yet">
      Write the first one. Replies to your numbers appear here too.
    </EmptyState>
  );
}
