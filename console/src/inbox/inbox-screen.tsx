import { ActionIcon, Button, Center, Skeleton, Stack, Text, Tooltip, VisuallyHidden } from "@mantine/core";
import { Keyboard, MessageSquare, SquarePen } from "lucide-react";
import { type RefObject, Suspense, useEffect, useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { useNumbers } from "../numbers/use-numbers.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { part } from "../platform/part.tsx";
import { useScreenHeading } from "../platform/screen-title.tsx";
import { useTabTitle } from "../platform/tab-title.ts";
import { openSendMessage } from "../send-message/open-send-message.tsx";
import { useDraftOf } from "../send-message/use-draft.ts";
import { ConversationList, focusRow, type ListHandle, rowOf } from "./conversation-list.tsx";
import { idOf, withOpen } from "./conversation-rows.ts";
import { type Conversation, conversationId, pathOf, sidesOf, sidesOfId } from "./conversations.ts";
import { FilterBar } from "./filter-bar.tsx";
import { addressOf, type Filters, filtersOf, isUnfiltered, nothingListed } from "./filters.ts";
import { keyOf, rowsInView } from "./in-view.ts";
import { SearchResults } from "./search-results.tsx";
import { successorOf } from "./steady.ts";
import { showShortcuts, useInboxKeys } from "./shortcuts.tsx";
import { useConversations } from "./use-conversations.ts";
import { useUnreadConversations } from "./use-unread-conversations.ts";
import { useMarkRead } from "./use-mark-read.ts";

const loadPane = () => import("./conversation-pane.tsx").then(({ ConversationPane }) => ConversationPane);
/** The list is shown sooner without the thread and the composer. */
const ConversationPane = part(loadPane);
/** What old links to the form for a new message have in place of a conversation. */
const NEW_MESSAGE = "new";

/** The conversations on the left and the open one on the right. Narrow screens show one of the two. */
export function InboxScreen({ conversation: openId }: { conversation: string | undefined }) {
  useTabTitle("Inbox");
  const heading = useScreenHeading();
  useEffect(() => void loadPane().catch(() => {}), []);
  const [, navigate] = useLocation();
  const query = new URLSearchParams(useSearch());
  const filters = filtersOf(query);
  const address = addressOf(filters);
  const listPath = `/inbox${address}`;
  const found = useConversations(filters);
  const conversations = useKept(found.conversations, openId, address);
  const markRead = useMarkRead();
  const list = useRef<ListHandle>(null);
  const searchField = useRef<HTMLInputElement>(null);
  const sides = openId === undefined ? null : sidesOfId(openId);
  const at = query.get("at") ?? undefined;

  useEffect(() => {
    if (openId !== NEW_MESSAGE) return;
    openSendMessage();
    navigate("/inbox", { replace: true });
  }, [openId]);
  /** The row where the keyboard was last. */
  const place = useRef<Conversation>(undefined);
  const openRow = conversations?.find((row) => idOf(row) === openId);
  useFocusOnClose(openId, at, (id) => {
    const isListed = conversations?.some((row) => idOf(row) === id);
    const next = place.current && successorOf(conversations ?? [], place.current);
    const row = isListed || next === undefined ? id : idOf(next);
    if (!focusRow(row)) list.current?.focus(row);
  });
  useEffect(() => {
    if (openRow !== undefined) place.current = openRow;
  }, [openRow]);
  useInboxKeys({
    move(by) {
      if (filters.search !== undefined) return moveInResults(by);
      const row = neighbour(conversations ?? [], focusedRow() ?? openId, by, place.current);
      if (row === undefined) return;
      place.current = row;
      // On a narrow screen with an open conversation, there is no list to move in.
      if (isListHidden()) navigate(`${pathOf(sidesOf(row))}${address}`);
      else if (!focusRow(idOf(row))) list.current?.focus(idOf(row));
    },
    markRead() {
      const target = sidesOfId(focusedRow() ?? openId ?? "");
      if (target !== null) markRead.mutate(target);
    },
    markUnread() {
      const id = focusedRow() ?? openId;
      const target = sidesOfId(id ?? "");
      if (target === null) return;
      markRead.mutate({ ...target, unread: true });
      // An open conversation is read.
      if (id === openId) navigate(listPath);
    },
    reply: () => document.querySelector<HTMLElement>(".pane textarea")?.focus(),
    write: () => openSendMessage(),
    search() {
      if (isListHidden()) navigate(listPath);
      // The field is visible after the next rendering.
      requestAnimationFrame(() => searchField.current?.select());
    },
    close: () => sides !== null && navigate(listPath),
  });

  function changeFilters(changed: Filters, isTyping = false) {
    const path = sides === null ? "/inbox" : pathOf(sides);
    navigate(`${path}${addressOf(changed)}`, { replace: isTyping });
  }

  return (
    <div className={sides === null ? "messages screen-full" : "messages messages-open screen-full"}>
      <VisuallyHidden component="h1" ref={heading} tabIndex={-1}>Inbox</VisuallyHidden>
      <nav className="messages-list" aria-label="Conversations">
        <div className="messages-top">
          <Text fw={650} fz="h3" aria-hidden>Inbox</Text>
          <div className="messages-tools">
            <Tooltip label="Keyboard shortcuts (?)">
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label="Keyboard shortcuts"
                visibleFrom="sm"
                onClick={showShortcuts}
              >
                <Keyboard size={18} />
              </ActionIcon>
            </Tooltip>
            <Button onClick={() => openSendMessage()} size="xs" leftSection={<SquarePen size={16} />}>
              New message
            </Button>
          </div>
        </div>
        <Filtering
          filters={filters}
          onChange={changeFilters}
          searchField={searchField}
          onDown={() => document.querySelector<HTMLElement>(".messages-list .conversation")?.focus()}
        />
        <Listing
          filters={filters}
          found={found}
          conversations={conversations}
          openId={openId}
          at={at}
          handle={list}
        />
      </nav>
      <div className="messages-pane">
        {sides === null && (
          <Center pt="24dvh">
            <EmptyState icon={<MessageSquare />} title="No conversation open">
              Choose one from the list, or write a new message.
            </EmptyState>
          </Center>
        )}
        {sides !== null && (
          <Suspense fallback={<div className="pane" role="status" aria-label="Loading the conversation" />}>
            <ConversationPane
              key={conversationId(sides)}
              sides={sides}
              at={at}
              listPath={listPath}
              onMarkUnread={() => {
                markRead.mutate({ ...sides, unread: true });
                navigate(listPath);
              }}
            />
          </Suspense>
        )}
      </div>
    </div>
  );
}

interface FilteringProps {
  filters: Filters;
  onChange: (filters: Filters, isTyping?: boolean) => void;
  searchField: RefObject<HTMLInputElement | null>;
  onDown: () => void;
}

function Filtering(props: FilteringProps) {
  const unread = useUnreadConversations() ?? 0;
  return <FilterBar {...props} numbers={useOwnNumbers()} unread={unread} />;
}

function useOwnNumbers(): string[] {
  const { data } = useNumbers();
  return data?.numbers.map(({ phoneNumber }) => phoneNumber) ?? [];
}

interface ListingProps {
  filters: Filters;
  found: ReturnType<typeof useConversations>;
  conversations: readonly Conversation[] | undefined;
  openId: string | undefined;
  /** The message that is shown. */
  at: string | undefined;
  handle: RefObject<ListHandle | null>;
}

function Listing({ filters, found, conversations, openId, at, handle }: ListingProps) {
  // A tenant with one number does not need to see which one.
  const showOwn = useOwnNumbers().length > 1 && filters.number === undefined;
  const { isPending } = useNumbers();
  const draftOf = useDraftOf();
  const { search } = filters;
  if (search !== undefined) {
    return <SearchResults filters={{ ...filters, search }} found={found} openId={openId} at={at} showOwn={showOwn} />;
  }
  // Until the numbers are known, each row might have a line more.
  if (conversations === undefined || isPending) {
    if (found.error === null) return <ListSkeleton />;
    return (
      <div className="conversations">
        <LoadFailure error={found.error} onRetry={found.retry} />
      </div>
    );
  }
  if (conversations.length === 0) {
    return <NothingListed filters={filters} found={found} />;
  }
  return (
    <ConversationList
      key={addressOf(filters)}
      conversations={conversations}
      openId={openId}
      query={addressOf(filters)}
      showOwn={showOwn}
      draftOf={draftOf}
      handle={handle}
      hasMore={found.hasMore}
      more={found.more}
      isLoadingMore={found.isLoadingMore}
      moreError={found.moreError}
    />
  );
}

function NothingListed({ filters, found }: Pick<ListingProps, "filters" | "found">) {
  const { hasMore, more, isLoadingMore, moreError } = found;
  if (hasMore) {
    return (
      <EmptyState
        icon={<MessageSquare />}
        title="Nothing found so far"
        action={<Button variant="light" loading={isLoadingMore} onClick={more}>Look further back</Button>}
      >
        {moreError === null ? "None of your latest conversations match." : "The earlier ones could not be read."}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<MessageSquare />}
      title={nothingListed(filters)}
      action={isUnfiltered(filters)
        ? undefined
        : <Button component={Link} href="/inbox" variant="light">Show all conversations</Button>}
    >
      {isUnfiltered(filters) ? "Write the first one. Replies to your numbers appear here too." : "Try another filter."}
    </EmptyState>
  );
}

function ListSkeleton() {
  return (
    <Stack gap={2} px={8} aria-label="Loading your conversations" role="status">
      {[0, 1, 2, 3, 4, 5].map((row) => <Skeleton key={row} h={62} />)}
    </Stack>
  );
}

/** The conversations with the open one: it stays in the list that it was opened from, though it is read by then. */
function useKept(rows: readonly Conversation[] | undefined, openId: string | undefined, address: string) {
  const [kept, setKept] = useState<{ address: string; row: Conversation } | null>(null);
  const row = rows?.find((row) => idOf(row) === openId);
  useEffect(() => {
    if (row !== undefined) setKept({ address, row });
  }, [row, address]);
  const isKept = kept !== null && kept.address === address && idOf(kept.row) === openId;
  return rows && withOpen(rows, isKept ? { ...kept.row, unread: 0 } : undefined);
}

/** Returns the focus to the row of the conversation, or of the found message, that was closed. */
function useFocusOnClose(openId: string | undefined, at: string | undefined, focusId: (id: string) => void): void {
  const before = useRef({ openId, at });
  useEffect(() => {
    const closed = before.current;
    before.current = { openId, at };
    if (closed.openId === undefined || openId !== undefined) return;
    const message = foundRows().find(({ dataset }) => dataset["message"] === closed.at);
    if (closed.at !== undefined && message !== undefined) message.focus();
    else focusId(closed.openId);
  }, [openId, at]);
}

/** The id of the conversation whose row has the focus. */
function focusedRow(): string | undefined {
  return document.activeElement?.closest<HTMLElement>("[data-conversation]")?.dataset["conversation"];
}

function isListHidden(): boolean {
  const list = document.querySelector(".messages-list");
  return list === null || getComputedStyle(list).visibility === "hidden";
}

/**
 * The conversation that is this many rows away. From a row that has moved or is gone, its place is the start; without one to
 * start from, the first in view is meant.
 */
function neighbour(
  rows: readonly Conversation[],
  id: string | undefined,
  by: number,
  place: Conversation | undefined,
): Conversation | undefined {
  const index = rows.findIndex((row) => idOf(row) === id);
  if (index !== -1) return rows[index + by];
  const next = place && successorOf(rows, place);
  // The reader may have scrolled away from it.
  if (next !== undefined && rowOf(idOf(next)) !== null) return by > 0 ? next : rows[rows.indexOf(next) - 1];
  const [first] = rowsInView(document.querySelector(".conversations"));
  return rows.find((row) => first !== undefined && idOf(row) === keyOf(first)) ?? rows[0];
}

/** The links to what a search has found: conversations, then messages. */
function foundRows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(".search-results .conversation")];
}

function moveInResults(by: number): void {
  const rows = foundRows();
  const focused = rows.findIndex((row) => row === document.activeElement);
  const index = focused === -1 ? rows.findLastIndex((row) => row.ariaCurrent === "page") : focused;
  const row = index === -1 ? rows[0] : rows[index + by];
  // On a narrow screen with an open conversation, there is no list to move in.
  if (isListHidden()) row?.click();
  else row?.focus();
}
