import { Button, Center, Loader } from "@mantine/core";
import { type RefObject, useImperativeHandle, useRef, useState } from "react";
import { type Components, Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { type Conversation, type Sides, sidesOf } from "./conversations.ts";
import { idOf } from "./conversation-rows.ts";
import { ConversationRow } from "./conversation-row.tsx";
import { keyOf, rowsInView } from "./in-view.ts";
import { numbered, numberedAgain } from "./steady.ts";
import type { useConversations } from "./use-conversations.ts";

/** What the keyboard can do with the list. */
export interface ListHandle {
  /** Moves the focus to a conversation, which may be out of view. */
  focus(id: string): void;
}

export interface ConversationListProps extends Footing {
  conversations: readonly Conversation[];
  /** The id of the open conversation. */
  openId: string | undefined;
  /** What follows the path in the links: the filters. */
  query: string;
  showOwn: boolean;
  /** A text that is not sent yet. */
  draftOf: (sides: Sides) => string | null;
  handle: RefObject<ListHandle | null>;
}

/** What the end of the list shows. */
type Footing = Pick<ReturnType<typeof useConversations>, "hasMore" | "more" | "isLoadingMore" | "moreError">;

const COMPONENTS: Components<Conversation, Footing> = {
  Footer: ({ context }) => <ListEnd {...context} />,
};

/**
 * The conversations, the most recent first. Loads more when the end comes into view. Below its top, the list stays in its place
 * while messages arrive.
 */
export function ConversationList(
  { conversations, openId, query, showOwn, draftOf, handle, ...footing }: ConversationListProps,
) {
  const list = useRef<VirtuosoHandle>(null);
  const scroller = useRef<HTMLElement | null>(null);
  const firstNumber = useFirstNumber(conversations, scroller);
  useImperativeHandle(handle, () => ({
    focus(id) {
      const index = conversations.findIndex((conversation) => idOf(conversation) === id);
      if (index !== -1) list.current?.scrollIntoView({ index, done: () => focusRow(id) });
    },
  }), [conversations]);
  return (
    <Virtuoso
      ref={list}
      scrollerRef={(element) => void (scroller.current = element instanceof HTMLElement ? element : null)}
      className="conversations"
      data={conversations}
      firstItemIndex={firstNumber}
      computeItemKey={(_, conversation) => idOf(conversation)}
      itemContent={(_, conversation) => (
        <ConversationRow
          conversation={conversation}
          query={query}
          isOpen={idOf(conversation) === openId}
          showOwn={showOwn}
          draft={idOf(conversation) === openId ? null : draftOf(sidesOf(conversation))}
        />
      )}
      context={footing}
      components={COMPONENTS}
      endReached={footing.more}
      increaseViewportBy={400}
      // The scroller itself needs no focus: its rows have it.
      tabIndex={-1}
    />
  );
}

/** The number of the first row, by which the list keeps its place. */
function useFirstNumber(rows: readonly Conversation[], scroller: RefObject<HTMLElement | null>): number {
  const [known, setKnown] = useState(() => numbered(rows));
  if (known.rows === rows) return known.firstNumber;
  const next = numberedAgain(known, rows, rowsInView(scroller.current).map(keyOf));
  setKnown(next);
  return next.firstNumber;
}

/** Moves the focus to a row that is on the page. @returns whether it was */
export function focusRow(id: string): boolean {
  const row = rowOf(id);
  row?.focus();
  return row !== null;
}

export function rowOf(id: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-conversation="${CSS.escape(id)}"]`);
}

/** Says what is being loaded, or offers it. Nothing at the end of the list. */
export function ListEnd({ hasMore, more, isLoadingMore, moreError }: Footing) {
  if (isLoadingMore) {
    return (
      <Center p="md">
        <Loader size="sm" aria-label="Loading more conversations" />
      </Center>
    );
  }
  if (!hasMore) return <div className="list-end" />;
  return (
    <Center p="md" style={{ flexDirection: "column", gap: 8 }}>
      {moreError !== null && <FailureAlert error={moreError} />}
      <Button variant="subtle" size="xs" onClick={more}>
        {moreError === null ? "Load more conversations" : "Try again"}
      </Button>
    </Center>
  );
}
