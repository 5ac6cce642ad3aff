import type { ListedMessage } from "../../../../client/switchboard.ts";
import type { ThreadWindow } from "./window.ts";

/** The part of a pending message that decides where it is shown. */
export interface Pending {
  id: string;
  content: { body: string };
  /** The message that it became. */
  message?: { id: string } | undefined;
}

/** One row of a thread. */
export type Row<P extends Pending = Pending> =
  | { kind: "day"; key: string; at: string }
  | { kind: "message"; key: string; message: ListedMessage }
  | { kind: "pending"; key: string; pending: P };

export interface Rows<P extends Pending> {
  rows: Row<P>[];
  /** The number of the first row. A row keeps its number while older messages are added before it. */
  firstNumber: number;
}

/** The number of the row of the window's origin: large enough for any history before it. */
const ORIGIN_NUMBER = 10_000_000;

/** The rows of a thread, oldest first: its messages with a row before each day, and what is being sent at the end. */
export function rowsOf<P extends Pending>(window: ThreadWindow, pending: readonly P[]): Rows<P> {
  const rows: Row<P>[] = [];
  let day = "";
  let originAt = 0;
  for (const message of window.messages) {
    const dayOfMessage = new Date(message.createdAt).toDateString();
    if (dayOfMessage !== day) rows.push({ kind: "day", key: `day of ${message.id}`, at: message.createdAt });
    day = dayOfMessage;
    if (message.id === window.origin) originAt = rows.length;
    rows.push({ kind: "message", key: message.id, message });
  }
  // At the end of the conversation only: a part from the middle is not followed by what is being sent.
  if (window.newer === null) {
    rows.push(...pending.map((item) => ({ kind: "pending" as const, key: item.id, pending: item })));
  }
  return { rows, firstNumber: ORIGIN_NUMBER - originAt };
}

/**
 * The pending messages that the thread does not show as messages yet. The server stores a message before it answers, so a row
 * may come before its answer: a text that is being sent is the first row with this text that came after it was accepted.
 * @param knownAt the messages that were shown when a pending message was accepted, by its id
 */
export function withoutShown<P extends Pending>(
  pending: readonly P[],
  messages: readonly ListedMessage[],
  knownAt: ReadonlyMap<string, ReadonlySet<string>>,
): P[] {
  const taken = new Set(pending.flatMap(({ message }) => message === undefined ? [] : [message.id]));
  return pending.filter(({ id, content, message }) => {
    if (message !== undefined) return !messages.some((shown) => shown.id === message.id);
    const known = knownAt.get(id);
    const own = messages.find((shown) =>
      shown.direction === "outbound" && (shown.body ?? "") === content.body && !taken.has(shown.id) &&
      known !== undefined && !known.has(shown.id)
    );
    if (own !== undefined) taken.add(own.id);
    return own === undefined;
  });
}

/** The received messages after the last one that was seen. */
export function unseenAfter(messages: readonly ListedMessage[], seen: string | null): number {
  const from = messages.findLastIndex(({ id }) => id === seen);
  if (from === -1) return 0;
  return messages.slice(from + 1).filter(({ direction }) => direction === "inbound").length;
}
