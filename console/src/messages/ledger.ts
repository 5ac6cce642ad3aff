import type { Message } from "./message.ts";

/** The messages at hand, newest first, without a gap between the first and the last. */
export interface Ledger {
  messages: readonly Message[];
  /** Whether older ones may be had. */
  hasEarlier: boolean;
}

/** Takes in the newest page. Where it does not reach back to what is known, the rest is dropped: a gap would look like silence. */
export function withNewest(known: Ledger | undefined, newest: readonly Message[], pageSize: number): Ledger {
  const isWholeHistory = newest.length < pageSize;
  const newestIds = new Set(newest.map(({ id }) => id));
  if (isWholeHistory || !known?.messages.some(({ id }) => newestIds.has(id))) {
    return { messages: merged(newest, []), hasEarlier: !isWholeHistory };
  }
  return { messages: merged(newest, known.messages), hasEarlier: known.hasEarlier };
}

/** Takes in a page from before the last one known. */
export function withEarlier(known: Ledger, earlier: readonly Message[], pageSize: number): Ledger {
  return { messages: merged(known.messages, earlier), hasEarlier: earlier.length === pageSize };
}

/** Each message once, as the first list has it; newest first. */
function merged(first: readonly Message[], second: readonly Message[]): Message[] {
  const byId = new Map([...second, ...first].map((message) => [message.id, message]));
  return [...byId.values()].sort((a, b) => b.created_at.localeCompare(a.created_at) || a.id.localeCompare(b.id));
}
