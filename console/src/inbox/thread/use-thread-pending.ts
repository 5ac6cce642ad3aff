import { useEffect, useRef } from "react";
import type { ListedMessage } from "../../../../client/switchboard.ts";
import { type PendingMessage, usePendingMessages, useSendMessage } from "../../send-message/use-send-message.ts";
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
  const shown = withoutShown(pending, messages, knownAt.current);
  const asked = useAgain(pending.filter((message) => message.state === "lost" && !shown.includes(message)));
  return pending.filter((message) => shown.includes(message) || (message.state === "lost" && asked.has(message.id)));
}

/**
 * Sends lost messages again, once each, that seem to be among the thread's messages: under their keys, they are not sent twice,
 * and the answer says what became of them. The messages behind them would otherwise wait for them.
 * @returns the ids of those that were sent again
 */
function useAgain(lost: readonly PendingMessage[]): ReadonlySet<string> {
  const { tryAgain } = useSendMessage();
  const asked = useRef(new Set<string>());
  const ids = lost.map(({ id }) => id).filter((id) => !asked.current.has(id));
  useEffect(() => {
    for (const id of ids) {
      asked.current.add(id);
      tryAgain(id);
    }
  }, [ids.join(), tryAgain]);
  return asked.current;
}
