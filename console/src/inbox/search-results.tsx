import { Button, Center, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useRef } from "react";
import { Link } from "wouter";
import { ContactName } from "../contacts/contact-name.tsx";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { MarkedText } from "../platform/marked-text.tsx";
import { timeOrDay } from "../platform/dates.ts";
import { ConversationRow } from "./conversation-row.tsx";
import { type Conversation, conversationId, pathOf } from "./conversations.ts";
import { idOf } from "./conversation-rows.ts";
import { excerptOf } from "./excerpt.ts";
import { addressOf, type Filters } from "./filters.ts";
import { useSteadyScroll } from "./in-view.ts";
import type { useConversations } from "./use-conversations.ts";
import { type FoundMessage, useMessageSearch } from "./use-message-search.ts";

export interface SearchResultsProps {
  filters: Filters & { search: string };
  found: ReturnType<typeof useConversations>;
  openId: string | undefined;
  /** The id of the message that is shown. */
  at: string | undefined;
  showOwn: boolean;
}

const NO_CONVERSATIONS: readonly Conversation[] = [];

/** The conversations whose name or number matches, and below them the messages whose text does. */
export function SearchResults({ filters, found, openId, at, showOwn }: SearchResultsProps) {
  const { search } = filters;
  const { conversations, isOld, error, retry, hasMore, more, isLoadingMore, moreError } = found;
  const scroller = useRef<HTMLDivElement>(null);
  useSteadyScroll(scroller, conversations ?? NO_CONVERSATIONS);
  return (
    <div ref={scroller} className="conversations search-results" tabIndex={-1}>
      <section aria-label="Matching conversations" aria-busy={isOld} className={isOld ? "search-old" : undefined}>
        <Title order={2} className="search-heading">Conversations</Title>
        {conversations === undefined && error === null && <ResultsLoading label="Searching conversations" />}
        {conversations === undefined && error !== null && <LoadFailure error={error} onRetry={retry} />}
        {conversations?.map((conversation) => (
          <ConversationRow
            key={idOf(conversation)}
            conversation={conversation}
            query={addressOf(filters)}
            isOpen={at === undefined && idOf(conversation) === openId}
            showOwn={showOwn}
            search={search}
          />
        ))}
        {conversations?.length === 0 && !hasMore && <Nothing>No name or number matches “{search}”.</Nothing>}
        {moreError !== null && <FailureAlert error={moreError} />}
        {hasMore && (
          <Center>
            <Button variant="subtle" size="xs" loading={isLoadingMore} onClick={more}>More conversations</Button>
          </Center>
        )}
      </section>
      {/* Shown with the conversations of the same search, which would push them down or pull them up. */}
      <div hidden={isOld || (conversations === undefined && error === null)}>
        <MessageResults filters={filters} at={at} />
      </div>
    </div>
  );
}

function MessageResults({ filters, at }: Pick<SearchResultsProps, "filters" | "at">) {
  const { search } = filters;
  const { data, error, isPlaceholderData, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useMessageSearch(
    filters,
  );
  const messages = data?.pages.flatMap((page) => page.messages);
  return (
    <section
      aria-label="Matching messages"
      aria-busy={isPlaceholderData}
      className={isPlaceholderData ? "search-old" : undefined}
    >
      <Title order={2} className="search-heading">Messages</Title>
      {messages === undefined && error === null && <ResultsLoading label="Searching messages" />}
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {messages?.map((message) => (
        <MessageResult key={message.id} message={message} filters={filters} isOpen={message.id === at} />
      ))}
      {messages?.length === 0 && !hasNextPage && <Nothing>No message contains “{search}”.</Nothing>}
      {hasNextPage && (
        <Center>
          <Button variant="subtle" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            More messages
          </Button>
        </Center>
      )}
    </section>
  );
}

interface MessageResultProps extends Pick<SearchResultsProps, "filters"> {
  message: FoundMessage;
  isOpen: boolean;
}

function MessageResult({ message, filters, isOpen }: MessageResultProps) {
  const { id, direction, from, to, body, createdAt } = message;
  const sides = direction === "outbound" ? { own: from, peer: to } : { own: to, peer: from };
  return (
    <Link
      href={`${pathOf(sides)}${addressOf(filters)}&at=${id}`}
      className="conversation"
      data-conversation={conversationId(sides)}
      data-message={id}
      aria-current={isOpen ? "page" : undefined}
    >
      <span className="conversation-line">
        <Text span size="sm" fw={500} truncate className="digits">
          {direction === "outbound" && "You to "}
          <ContactName phoneNumber={sides.peer} search={filters.search} />
        </Text>
        <Text span size="xs" c="dimmed" className="conversation-time">{timeOrDay(createdAt)}</Text>
      </span>
      <Text span size="sm" c="dimmed" lineClamp={2} className="search-excerpt">
        <MarkedText text={excerptOf(body ?? "", filters.search)} search={filters.search} />
      </Text>
    </Link>
  );
}

function ResultsLoading({ label }: { label: string }) {
  return (
    <Stack gap="xs" px="md" aria-label={label} role="status">
      {[0, 1].map((row) => <Skeleton key={row} h={52} />)}
    </Stack>
  );
}

function Nothing({ children }: { children: React.ReactNode }) {
  return <Text size="sm" c="dimmed" px={20} py={4} style={{ overflowWrap: "anywhere" }}>{children}</Text>;
}
