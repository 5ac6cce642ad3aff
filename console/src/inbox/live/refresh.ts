import type { QueryClient } from "@tanstack/react-query";
import { type ListMessages, loadVersions, PAGE_SIZE } from "../thread/load.ts";
import { threadKey, updateThread } from "../thread/thread-query.ts";
import type { ThreadWindow } from "../thread/window.ts";
import { CONVERSATIONS_KEY, UNREAD_KEY } from "../use-conversations.ts";
import type { RowChange } from "./live-channel.ts";

const THREADS_KEY = ["thread"] as const;
/** What the screens of campaigns read. */
const CAMPAIGNS_KEY = ["campaigns"] as const;

/** Changes are collected for this long before the first refresh. */
const COLLECT_MS = 40;
/** The shortest time between the end of a refresh and the next one: a campaign changes thousands of rows in a minute. */
const REST_MS = 800;

export interface RefresherOptions {
  queryClient: QueryClient;
  list: ListMessages;
  collectMs?: number;
  restMs?: number;
}

/**
 * Reads again what changed rows belong to. The rows themselves are never shown, so events that arrive twice, late or in
 * another order cannot show anything wrong. A refresh begins when the one before is complete, so that a stream of changes
 * over a slow network delays no answer for ever.
 */
export class Refresher {
  #changes: RowChange[] = [];
  #all = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;
  readonly #options: Required<RefresherOptions>;

  constructor(options: RefresherOptions) {
    this.#options = { collectMs: COLLECT_MS, restMs: REST_MS, ...options };
  }

  add(change: RowChange): void {
    this.#changes.push(change);
    this.#schedule(this.#options.collectMs);
  }

  /** Reads everything again that is shown. */
  addAll(): void {
    this.#all = true;
    this.#schedule(this.#options.collectMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#changes = [];
    this.#all = false;
  }

  #schedule(ms: number): void {
    if (this.#isRunning || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#run(), ms);
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#isRunning = true;
    const [changes, all] = [this.#changes, this.#all];
    [this.#changes, this.#all] = [[], false];
    try {
      await this.#refresh(changes, all);
    } finally {
      this.#isRunning = false;
      if (this.#all || this.#changes.length > 0) this.#schedule(this.#options.restMs);
    }
  }

  async #refresh(changes: readonly RowChange[], all: boolean): Promise<void> {
    const { queryClient } = this.#options;
    const threads = all ? [THREADS_KEY] : threadsOf(changes);
    const isOf = (isWanted: (table: RowChange["table"]) => boolean) =>
      all || changes.some(({ table }) => isWanted(table));
    const keys = [
      ...(isOf((table) => table !== "campaigns") ? [CONVERSATIONS_KEY, UNREAD_KEY] : []),
      ...(isOf((table) => table === "campaigns") ? [CAMPAIGNS_KEY] : []),
      ...threads,
    ];
    await Promise.all([
      ...keys.map((queryKey) => queryClient.invalidateQueries({ queryKey })),
      ...(all ? [] : [this.#refreshEarlier(changes)]),
    ]);
  }

  /** A thread reads its newest page again. Changed messages before it are read one by one. */
  async #refreshEarlier(changes: readonly RowChange[]): Promise<void> {
    const { queryClient, list } = this.#options;
    const changed = new Set(changes.filter(({ table }) => table === "sms_messages").map(({ row }) => row["id"]));
    const threads = queryClient.getQueriesData<ThreadWindow>({ queryKey: THREADS_KEY });
    const earlier = threads.flatMap(([, window]) => window === undefined ? [] : earlierOf(window))
      .filter((id) => changed.has(id));
    if (earlier.length === 0) return;
    const update = await loadVersions({ list }, [...new Set(earlier)].slice(-PAGE_SIZE)).catch(() => undefined);
    if (update === undefined) return; // the next change, poll or focus reads it
    for (const [key] of threads) updateThread(queryClient, key, update);
  }
}

function earlierOf({ messages, newer }: ThreadWindow): string[] {
  return (newer === null ? messages.slice(0, -PAGE_SIZE) : messages).map(({ id }) => id);
}

/** The keys of the changed threads; that of all threads if a row does not say. */
function threadsOf(changes: readonly RowChange[]): (readonly string[])[] {
  const keys = new Map<string, readonly string[]>();
  for (const { table, row } of changes) {
    if (table !== "sms_messages") continue;
    const { direction, from_number: from, to_number: to } = row;
    if (typeof from !== "string" || typeof to !== "string") return [THREADS_KEY];
    const key = threadKey(direction === "inbound" ? { own: to, peer: from } : { own: from, peer: to });
    keys.set(key.join(), key);
  }
  return [...keys.values()];
}
