import type { ListedMessage, MessagePage } from "../../../../client/switchboard.ts";

/** The loaded part of a conversation. */
export interface ThreadWindow {
  /** Oldest first, in the server's order, without a gap between the first and the last. */
  messages: readonly ListedMessage[];
  /** The cursor of the page before the first message; null if the window begins with the conversation. */
  older: string | null;
  /** The cursor of the page after the last message; null if the window ends with the newest message. */
  newer: string | null;
  /** The message whose position in the list stays the same while messages are added before it. */
  origin: string | null;
  /** Another number for a window that does not continue the one before. */
  epoch: number;
  /** Higher after each change. */
  revision: number;
}

/** A window of the newest messages, from a page that is newest first. */
export function windowAtEnd({ messages, next }: MessagePage, epoch = 0): ThreadWindow {
  const oldestFirst = messages.toReversed();
  return { messages: oldestFirst, older: next, newer: null, origin: oldestFirst[0]?.id ?? null, epoch, revision: 0 };
}

/** A window in the middle, from a page before a moment (newest first) and a page from this moment on (oldest first). */
export function windowAround(before: MessagePage, from: MessagePage, epoch = 0): ThreadWindow {
  const messages = [...before.messages.toReversed(), ...from.messages];
  const origin = from.messages[0] ?? messages[0];
  return { messages, older: before.next, newer: from.next, origin: origin?.id ?? null, epoch, revision: 0 };
}

/** Adds the page that was read with the cursor `older`. A page that was read twice is added once. */
export function withOlder(known: ThreadWindow, cursor: string, { messages, next }: MessagePage): ThreadWindow {
  if (known.older !== cursor) return known;
  return { ...known, messages: [...unknownOf(messages, known).reverse(), ...known.messages], older: next };
}

/** Adds the page that was read with the cursor `newer`. */
export function withNewer(known: ThreadWindow, cursor: string, { messages, next }: MessagePage): ThreadWindow {
  if (known.newer !== cursor) return known;
  return { ...known, messages: [...known.messages, ...unknownOf(messages, known)], newer: next };
}

/**
 * Brings a window that ends with the newest message up to date with the newest messages, newest first. Returns null if it
 * does not adjoin them: there may be a gap, and the page before has to be read, too.
 */
export function withNewest(known: ThreadWindow, newest: MessagePage): ThreadWindow | null {
  if (known.newer !== null) return known;
  const fresh = newest.messages.toReversed();
  const overlap = overlapOf(known.messages, fresh);
  const isWhole = newest.next === null;
  if (overlap === -1 && !isWhole) return null;
  const kept = isWhole ? [] : known.messages.slice(0, overlap);
  const messages = shared(known.messages, [...kept, ...fresh]);
  const older = isWhole ? null : overlap === 0 ? newest.next : known.older;
  if (messages === known.messages && older === known.older) return known;
  const hasOrigin = messages.some(({ id }) => id === known.origin);
  return hasOrigin || known.origin === null
    ? { ...known, messages, older, origin: known.origin ?? messages[0]?.id ?? null }
    : { ...known, messages, older, origin: messages[0]?.id ?? null, epoch: known.epoch + 1 };
}

/** Replaces messages of the window by newer versions of them. */
export function withVersions(known: ThreadWindow, versions: readonly ListedMessage[]): ThreadWindow {
  const byId = new Map(versions.map((message) => [message.id, message]));
  const messages = shared(known.messages, known.messages.map((message) => byId.get(message.id) ?? message));
  return messages === known.messages ? known : { ...known, messages };
}

function unknownOf(messages: readonly ListedMessage[], known: ThreadWindow): ListedMessage[] {
  const ids = new Set(known.messages.map(({ id }) => id));
  return messages.filter(({ id }) => !ids.has(id));
}

/** Where the known messages go on with the fresh ones: the position of the first message in both, or -1. */
function overlapOf(known: readonly ListedMessage[], fresh: readonly ListedMessage[]): number {
  const positions = new Map(known.map(({ id }, index) => [id, index]));
  const first = fresh.find(({ id }) => positions.has(id));
  return first === undefined ? -1 : positions.get(first.id)!;
}

/** The messages, as the known objects where nothing has changed, so that React renders only what has. */
function shared(known: readonly ListedMessage[], messages: readonly ListedMessage[]): readonly ListedMessage[] {
  const byId = new Map(known.map((message) => [message.id, message]));
  const result = messages.map((message) => {
    const before = byId.get(message.id);
    return before !== undefined && isSame(before, message) ? before : message;
  });
  return result.length === known.length && result.every((message, index) => message === known[index]) ? known : result;
}

/** Links to received media are signed anew in each response: a new link alone is no change. */
function isSame(before: ListedMessage, message: ListedMessage): boolean {
  return before === message || comparable(before) === comparable(message);
}

function comparable(message: ListedMessage): string {
  const { media, direction } = message;
  return JSON.stringify({ ...message, media: direction === "inbound" ? media.map((item) => item.contentType) : media });
}
