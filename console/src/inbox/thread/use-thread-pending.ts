import { useRef } from "react";
import type { ListedMessage } from "../../../../client/switchboard.ts";
import { type PendingMessage, usePendingMessages } from "../../send-message/use-send-message.ts";
import type { Sides } from "../conversations.ts";
import { withoutShown } from "./rows.ts";

/** The clocks of browsers and servers differ by less. */
const SKEW_MS = 30_000;

/** The messages of a conversation that are on their way and that the thread does not show as messages yet. */
export function useThreadPending(sides: Sides, messages: readonly ListedMessage[]): PendingMessage[] {
  const pending = usePendingMessages(sides);
  const knownAt = useRef(new Map<string, ReadonlySet<string>>());
  const isFirst = useRef(true);
  for (const { id, at } of pending) {
    if (knownAt.current.has(id)) continue;
    // Of one that was sent before the thread was opened, the row may be among the messages already.
    const before = isFirst.current
      ? messages.filter(({ createdAt }) => Date.parse(createdAt) < at - SKEW_MS)
      : messages;
    knownAt.current.set(id, new Set(before.map((message) => message.id)));
  }
  isFirst.current = false;
  return withoutShown(pending, messages, knownAt.current);
}
