import { Button, Center, Loader, Skeleton, VisuallyHidden } from "@mantine/core";
import { ArrowDown, MessageSquare } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Components, Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import type { ListedMessage } from "../../../../client/switchboard.ts";
import { nameOf } from "../../contacts/contact-name.tsx";
import { useContact } from "../../contacts/use-contacts.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { FailureAlert } from "../../platform/failure-alert.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import type { Sides } from "../conversations.ts";
import { useFreshOptOuts } from "../../send-message/use-opt-out.ts";
import { type PendingMessage, useSendMessage } from "../../send-message/use-send-message.ts";
import { Bubble } from "./bubble.tsx";
import { DayRow } from "./day-row.tsx";
import { PendingBubble } from "./pending-bubble.tsx";
import { type Row, rowsOf, unseenAfter } from "./rows.ts";
import { useArrivals } from "./use-arrivals.ts";
import { useThreadPending } from "./use-thread-pending.ts";
import { useKeptEnd } from "./use-kept-end.ts";
import { useReadMark } from "./use-read-mark.ts";
import { useThread } from "./use-thread.ts";
import type { ThreadWindow } from "./window.ts";

/** Within this distance from the end, the thread follows new messages. */
const FOLLOWING_PX = 100;
/** Rows are rendered this far out of view, so that fast scrolling shows no gaps. */
const OVERSCAN = { top: 700, bottom: 400 };

export interface ThreadProps {
  sides: Sides;
  /** The message to show; without it, the newest. */
  at?: string | undefined;
}

/**
 * The messages of a conversation. Scrolls through all of it in both directions, follows the end while the reader is there, and
 * otherwise keeps the reader's place.
 */
export function Thread({ sides, at }: ThreadProps) {
  const thread = useThread(sides, at);
  const { window, error, refetch } = thread;
  if (window === undefined) {
    return (
      <div className="thread">
        {error === null ? <ThreadSkeleton /> : <LoadFailure error={error} onRetry={() => void refetch()} />}
      </div>
    );
  }
  // Another window has other rows: it starts with a list of its own.
  return <ThreadList key={`${at} ${window.epoch}`} sides={sides} at={at} thread={{ ...thread, window }} />;
}

type Loaded = Omit<ReturnType<typeof useThread>, "window"> & { window: ThreadWindow };

function ThreadList({ sides, at, thread }: ThreadProps & { thread: Loaded }) {
  const { window } = thread;
  const { messages } = window;
  const { data: contact } = useContact(sides.peer);
  const peerName = nameOf(sides.peer, contact);
  const list = useRef<VirtuosoHandle>(null);
  const [isAtEnd, setIsAtEnd] = useState(false);
  const pending = useThreadPending(sides, messages);
  const { rows, firstNumber } = useMemo(() => rowsOf(window, pending), [window, pending]);
  const isEndInView = isAtEnd && window.newer === null;
  const seen = useSeen(window, isEndInView);
  const scrollerRef = useKeptEnd(isEndInView);
  useReadMark(sides, messages, isEndInView);
  useFreshOptOuts(sides.peer, messages.findLast(({ direction }) => direction === "inbound")?.id);
  const announcement = useArrivals(messages, peerName);
  const { send } = useSendMessage();
  const onResend = useCallback(({ from, to, body, media }: ListedMessage) => {
    send({ own: from, peer: to, body: body ?? "", mediaUrls: media.map(({ url }) => url) });
  }, [send]);

  // What the reader sends is shown, wherever they are.
  const newestPending = pending.at(-1)?.id;
  const sentBefore = useRef(newestPending);
  useEffect(() => {
    const isNew = newestPending !== undefined && newestPending !== sentBefore.current;
    sentBefore.current = newestPending;
    if (isNew) goToEnd();
  }, [newestPending]);

  // What is said below the last message, such as why it failed, is shown to those who are at the end.
  const lastState = pending.at(-1)?.state ?? messages.at(-1)?.status;
  useEffect(() => {
    if (isEndInView) goToEnd();
  }, [lastState]);

  /** At once: a message that arrives during a smooth scroll would end it before the end. */
  function goToEnd() {
    if (window.newer === null) list.current?.scrollToIndex({ index: "LAST", align: "end" });
    else thread.goToEnd();
  }

  if (rows.length === 0) return <NoMessages />;
  const target = rows.findIndex(({ key }) => key === at);
  const unseen = unseenAfter(messages, seen);
  return (
    <div className="thread">
      <Virtuoso
        ref={list}
        scrollerRef={scrollerRef}
        className="thread-scroller"
        role="log"
        aria-label="Messages"
        // The history is not read out while it is scrolled: what arrives is announced below.
        aria-live="off"
        tabIndex={0}
        data={rows}
        firstItemIndex={firstNumber}
        initialTopMostItemIndex={target === -1
          ? { index: rows.length - 1, align: "end" }
          : { index: target, align: "center" }}
        computeItemKey={(_, { key }) => key}
        alignToBottom
        followOutput={(isFollowing) => isFollowing && window.newer === null ? "auto" : false}
        atBottomThreshold={FOLLOWING_PX}
        atBottomStateChange={setIsAtEnd}
        startReached={thread.loadOlder}
        endReached={thread.loadNewer}
        increaseViewportBy={OVERSCAN}
        context={{ thread, peerName, at, onResend }}
        components={COMPONENTS}
        itemContent={renderRow}
        onKeyDown={({ key }) => key === "End" && goToEnd()}
      />
      {!isEndInView && (
        <Button
          className="thread-to-end"
          size="xs"
          radius="xl"
          variant={unseen > 0 ? "filled" : "default"}
          leftSection={<ArrowDown size={14} aria-hidden />}
          loading={thread.isLoadingNewer}
          onClick={goToEnd}
        >
          {unseen === 0 ? "Latest messages" : unseen === 1 ? "1 new message" : `${unseen} new messages`}
        </Button>
      )}
      <VisuallyHidden role="status" aria-live="polite">{announcement}</VisuallyHidden>
    </div>
  );
}

interface Context {
  thread: Loaded;
  peerName: string;
  at: string | undefined;
  onResend: (message: ListedMessage) => void;
}

const COMPONENTS: Components<Row<PendingMessage>, Context> = {
  List: ({ context: _, ...list }) => <div {...list} role="list" className="thread-rows" />,
  Item: ({ context, item, ...row }) => <ThreadRow {...row} item={item} at={context.at} />,
  Header: ({ context: { thread } }) => <ThreadStart thread={thread} />,
  Footer: ({ context: { thread } }) => <ThreadEnd thread={thread} />,
};

function ThreadRow({ item, at, ...row }: { item: Row<PendingMessage>; at: string | undefined; children?: ReactNode }) {
  if (item.kind === "day") return <div {...row} role="listitem" className="thread-day" />;
  const isOurs = item.kind === "pending" || item.message.direction === "outbound";
  const classes = ["bubble", isOurs ? "bubble-ours" : "bubble-theirs", ...(item.key === at ? ["bubble-found"] : [])];
  return (
    <div
      {...row}
      role="listitem"
      className={classes.join(" ")}
      aria-label={isOurs ? "Sent message" : "Received message"}
      aria-current={item.key === at ? true : undefined}
    />
  );
}

function renderRow(_number: number, row: Row<PendingMessage>, { peerName, onResend }: Context) {
  if (row.kind === "day") return <DayRow at={row.at} />;
  if (row.kind === "message") return <Bubble message={row.message} peerName={peerName} onResend={onResend} />;
  return <PendingBubble pending={row.pending} />;
}

/** Above the first loaded message. Its height is the same while older messages are loaded. */
function ThreadStart({ thread: { window, olderError, loadOlder } }: { thread: Loaded }) {
  if (window.older === null) return <div className="thread-edge" />;
  return (
    <div className="thread-edge thread-edge-open">
      {olderError === null
        ? <Loader size="sm" aria-label="Loading older messages" />
        : <EdgeFailure error={olderError} what="older" onRetry={loadOlder} />}
    </div>
  );
}

function ThreadEnd({ thread: { window, newerError, loadNewer } }: { thread: Loaded }) {
  if (window.newer === null) return <div className="thread-edge" />;
  return (
    <div className="thread-edge thread-edge-open">
      {newerError === null
        ? <Loader size="sm" aria-label="Loading newer messages" />
        : <EdgeFailure error={newerError} what="newer" onRetry={loadNewer} />}
    </div>
  );
}

function EdgeFailure({ error, what, onRetry }: { error: Error; what: string; onRetry: () => void }) {
  return (
    <FailureAlert error={error}>
      <Button size="xs" variant="light" color="red" onClick={onRetry}>Load {what} messages</Button>
    </FailureAlert>
  );
}

/** The newest message that the reader has seen; null until the end of the conversation was in view. */
function useSeen({ messages, newer }: ThreadWindow, isEndInView: boolean): string | null {
  const newest = messages.at(-1)?.id ?? null;
  // A thread opens at its end, or in the middle: what is loaded from there on is not new.
  const [seen, setSeen] = useState(newer === null ? newest : null);
  useEffect(() => {
    if (isEndInView) setSeen(newest);
  }, [newest, isEndInView]);
  return seen;
}

function NoMessages() {
  return (
    <div className="thread">
      <Center pt="24dvh">
        <EmptyState icon={<MessageSquare />} title="No messages yet">
          Messages between these two numbers appear here.
        </EmptyState>
      </Center>
    </div>
  );
}

function ThreadSkeleton() {
  return (
    <div className="thread-skeleton" role="status" aria-label="Loading the messages">
      {["46%", "58%", "38%", "52%", "44%"].map((width, index) => (
        <Skeleton key={index} h={44} radius={18} w={width} ml={index % 2 === 0 ? 0 : "auto"} />
      ))}
    </div>
  );
}
