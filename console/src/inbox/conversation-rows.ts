import { type Conversation, conversationId, sidesOf } from "./conversations.ts";

/** The loaded conversations, latest message first, without a gap between the first and the last. */
export interface ConversationRows {
  rows: readonly Conversation[];
  /** The cursor behind the last row; null at the end. */
  next: string | null;
}

export function idOf(conversation: Conversation): string {
  return conversationId(sidesOf(conversation));
}

/**
 * Merges what was read from the beginning on. The known rows behind it are kept if a row that has not changed proves that
 * nothing lies between the two.
 */
export function withHead(known: ConversationRows | undefined, head: ConversationRows): ConversationRows {
  const last = head.rows.at(-1);
  if (known === undefined || head.next === null || last === undefined) return head;
  const read = new Map(head.rows.map((row) => [idOf(row), row.lastMessageAt]));
  const isConnected = known.rows.some((row) => read.get(idOf(row)) === row.lastMessageAt);
  const behind = known.rows.filter((row) => !read.has(idOf(row)) && row.lastMessageAt <= last.lastMessageAt);
  if (!isConnected || behind.length === 0) return head;
  return { rows: [...head.rows, ...behind], next: known.next };
}

/** Appends what was read from `cursor` on. If the known rows no longer end there, they stay as they are. */
export function withTail(known: ConversationRows, cursor: string, tail: ConversationRows): ConversationRows {
  if (known.next !== cursor) return known;
  const ids = new Set(known.rows.map(idOf));
  return { rows: [...known.rows, ...tail.rows.filter((row) => !ids.has(idOf(row)))], next: tail.next };
}

/** Changes one conversation, if it is loaded. */
export function withChange(
  known: ConversationRows,
  id: string,
  change: Partial<Pick<Conversation, "unread" | "contact">>,
): ConversationRows {
  return { ...known, rows: known.rows.map((row) => idOf(row) === id ? { ...row, ...change } : row) };
}

/**
 * Adds a conversation that the filter no longer matches, in its place: the open one stays in the list until it is closed.
 */
export function withOpen(rows: readonly Conversation[], open: Conversation | undefined): readonly Conversation[] {
  if (open === undefined || rows.some((row) => idOf(row) === idOf(open))) return rows;
  const place = rows.findIndex((row) => row.lastMessageAt < open.lastMessageAt);
  return place === -1 ? [...rows, open] : rows.toSpliced(place, 0, open);
}
