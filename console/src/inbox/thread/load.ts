import type { CallOptions, ListedMessage, MessagePage, MessagesQuery } from "../../../../client/switchboard.ts";
import type { Sides } from "../conversations.ts";
import { kindOf } from "../status.ts";
import {
  type ThreadWindow,
  windowAround,
  windowAtEnd,
  withNewer,
  withNewest,
  withOlder,
  withVersions,
} from "./window.ts";

/** Reads one page of messages: `Switchboard.listMessages`. */
export type ListMessages = (query: MessagesQuery, options?: CallOptions) => Promise<MessagePage>;

/** The messages of a page. */
export const PAGE_SIZE = 50;
/** After more new messages than these pages hold, the thread starts anew with the newest. */
const MOST_PAGES_BEHIND = 4;
/** Messages before the newest page that are looked up because their status is not final. */
const MOST_UNSETTLED = 3;

/** How a window changes by what was read. It changes the window of the time at which it is applied. */
export type WindowUpdate = (known: ThreadWindow) => ThreadWindow;

/** One thread to load: a pair of numbers. */
export interface ThreadLoader {
  list: ListMessages;
  sides: Sides;
  signal?: AbortSignal | undefined;
}

/** Reads the newest messages, or those around the message `at`. */
export async function openThread(loader: ThreadLoader, at?: string): Promise<ThreadWindow> {
  const target = at === undefined ? undefined : await messageOf(loader, at);
  if (target === undefined || !isBetween(target, loader.sides)) return windowAtEnd(await pageOf(loader, {}));
  // The times in responses have milliseconds: `until` excludes this millisecond, `since` includes all of it.
  const [before, from] = await Promise.all([
    pageOf(loader, { until: target.createdAt }),
    pageOf(loader, { since: target.createdAt, order: "oldest" }),
  ]);
  return windowAround(before, from);
}

/**
 * Reads what is new.
 * @param latest the window at the time of the call
 * @returns how the window changes, which may have grown meanwhile
 */
export async function catchUp(loader: ThreadLoader, latest: () => ThreadWindow): Promise<WindowUpdate> {
  if (latest().newer !== null) return await loadUnsettled(loader, latest(), new Set());
  let newest = await pageOf(loader, {});
  for (let pages = 1; withNewest(latest(), newest) === null && newest.next !== null; pages += 1) {
    if (pages === MOST_PAGES_BEHIND) break;
    const before = await pageOf(loader, { cursor: newest.next });
    newest = { messages: [...newest.messages, ...before.messages], next: before.next };
  }
  const settle = await loadUnsettled(loader, latest(), new Set(newest.messages.map(({ id }) => id)));
  return (known) => settle(withNewest(known, newest) ?? windowAtEnd(newest, known.epoch + 1));
}

/** Reads the page before the window. */
export async function loadOlder(loader: ThreadLoader, cursor: string): Promise<WindowUpdate> {
  const page = await pageOf(loader, { cursor });
  return (known) => withOlder(known, cursor, page);
}

/** Reads the page after the window. */
export async function loadNewer(loader: ThreadLoader, cursor: string): Promise<WindowUpdate> {
  const page = await pageOf(loader, { cursor, order: "oldest" });
  return (known) => withNewer(known, cursor, page);
}

/** Reads single messages again. @returns how a window changes that has them */
export async function loadVersions(
  loader: Pick<ThreadLoader, "list" | "signal">,
  ids: readonly string[],
): Promise<WindowUpdate> {
  const found = await Promise.all(ids.map((id) => messageOf(loader, id)));
  const versions = found.filter((message) => message !== undefined);
  return (known) => withVersions(known, versions);
}

/** Looks up the last messages before those just listed that are still on their way. */
function loadUnsettled(
  loader: ThreadLoader,
  { messages }: ThreadWindow,
  listed: ReadonlySet<string>,
): Promise<WindowUpdate> {
  const unsettled = messages
    .filter(({ id, direction, status }) => !listed.has(id) && direction === "outbound" && isOnItsWay(status))
    .slice(-MOST_UNSETTLED);
  return loadVersions(loader, unsettled.map(({ id }) => id));
}

/** A scheduled message may wait for days; all others are on their way for minutes. */
function isOnItsWay(status: ListedMessage["status"]): boolean {
  return status !== "scheduled" && kindOf(status) === "waiting";
}

function pageOf({ list, sides, signal }: ThreadLoader, query: MessagesQuery): Promise<MessagePage> {
  return list({ ...query, number: sides.own, with: sides.peer, limit: PAGE_SIZE }, { signal });
}

const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

async function messageOf({ list, signal }: Pick<ThreadLoader, "list" | "signal">, id: string) {
  if (!ID.test(id)) return undefined; // a link that was cut off
  const { messages: [message] } = await list({ id }, { signal });
  return message;
}

/** Whether a message is of the conversation. */
function isBetween({ direction, from, to }: ListedMessage, { own, peer }: Sides): boolean {
  return direction === "outbound" ? from === own && to === peer : from === peer && to === own;
}
