import type { Message } from "./message.ts";

/** The loaded messages, newest first, without a gap between the first and the last. */
export interface Ledger {
  messages: readonly Message[];
  /** Whether older messages can be loaded. */
  hasEarlier: boolean;
}

/** Merges the newest page. If it does not overlap the known messages, they are dropped: a gap would go unnoticed. */
export function withNewest(known: Ledger | undefined, newest: readonly Message[], pageSize: number): Ledger {
  const isWholeHistory = newest.length < pageSize;
  const newestIds = new Set(newest.map(({ id }) => id));
  if (isWholeHistory || !known?.messages.some(({ id }) => newestIds.has(id))) {
    return { messages: merged(newest, []), hasEarlier: !isWholeHistory };
  }
  return { messages: merged(newest, known.messages), hasEarlier: known.hasEarlier };
}

/** Merges a page from before the last known message. */
export function withEarlier(known: Ledger, earlier: readonly Message[], pageSize: number): Ledger {
  return { messages: merged(known.messages, earlier), hasEarlier: earlier.length === pageSize };
}

/** Merges two lists, newest first. For a message in both, the first list's version wins. */
function merged(first: readonly Message[], second: readonly Message[]): Message[] {
  const byId = new Map([...second, ...first].map((message) => [message.id, message]));
  return [...byId.values()].sort((a, b) => b.created_at.localeCompare(a.created_at) || a.id.localeCompare(b.id));
}
