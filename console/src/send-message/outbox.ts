import type { SentMessage } from "../../../client/switchboard.ts";
import { type Content, type Failure, NO_CONTENT, type Slot } from "./draft.ts";
import type { Drafts } from "./drafts.ts";
import { failureOf, isInLedger, outcomeOf } from "./outcome.ts";
import type { SharedItems } from "./shared-items.ts";
import type { Sides } from "./sides.ts";

/** A message between *Send* and its outcome. */
export interface PendingMessage {
  /** Its idempotency key. */
  id: string;
  /** The draft that it was. */
  slot: Slot;
  content: Content;
  own: string;
  peer: string;
  /** Orders the messages of a conversation. In milliseconds, and never the same twice. */
  at: number;
  /**
   * - `waiting`: for the network, or for the message before it
   * - `sending`: since `startedAt`
   * - `lost`: there was no response, it may have been sent
   * - `failed`: it was not sent
   * - `sent`: as `message`; shown until the conversation shows it
   * - `over`: nothing is left to do; kept for a while, so that no other tab sends it
   */
  state: "waiting" | "sending" | "lost" | "failed" | "sent" | "over";
  startedAt?: number | undefined;
  failure?: Failure | undefined;
  message?: SentMessage | undefined;
}

/** What came of a message. `refused`: its text is a draft again where its slot was free. */
export type Settled =
  | { outcome: "sent"; message: SentMessage }
  | { outcome: "unknown" | "refused" | "lost" | "later"; failure: Failure };

/** The part of the browser's lock manager that is used. */
export type Locks = (name: string, run: () => Promise<void>) => Promise<void>;

export interface OutboxDependencies {
  items: SharedItems<PendingMessage>;
  drafts: Drafts;
  /** Calls `send-sms`. */
  send: (pending: PendingMessage) => Promise<SentMessage>;
  /** Shows a sent message, and resolves once it is shown. Never rejects. */
  show: (sides: Sides) => Promise<void>;
  isOnline: () => boolean;
  locks: Locks;
  now?: () => number;
}

/** A message that could not be sent for longer is not sent later without its author. */
const LONGEST_WAIT_MS = 60 * 60 * 1000;
const OVER_KEPT_MS = 10 * 60 * 1000;

const WAITED_TOO_LONG: Failure = {
  status: 0,
  code: "waited_too_long",
  message: "Cannot send any more: there was no network for an hour",
  details: [],
};

/**
 * The messages that wait for the network or for their outcome. All tabs of a user share them; one tab at a time sends those of
 * a conversation, in their order. A message keeps its idempotency key until its outcome is known, over lost responses, reloads
 * and closed tabs, so that it is sent at most once.
 */
export class Outbox {
  readonly #with: OutboxDependencies;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  readonly #settled = new Set<(pending: PendingMessage, settled: Settled) => void>();
  /** The conversations for which a run waits for the lock. */
  readonly #queued = new Set<string>();
  #isStopped = true;
  #list: readonly PendingMessage[] | null = null;

  constructor(dependencies: OutboxDependencies) {
    this.#with = dependencies;
    this.#now = dependencies.now ?? Date.now;
  }

  /** Continues with the messages of earlier pages. */
  start(): void {
    this.#isStopped = false;
    const { items } = this.#with;
    for (const name of items.names()) {
      const pending = items.get(name);
      if (pending === null || !isPending(pending)) items.remove(name);
      // The page that would have shown it is gone.
      else if (pending.state === "sent") this.#end(pending);
    }
    this.#forgetOld();
    this.resume();
  }

  /** Begins nothing from now on. A call that is on its way still stores its outcome. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Oldest first, without those that are over. The same array until it changes. */
  list(): readonly PendingMessage[] {
    this.#list ??= this.#read().filter(({ state }) => state !== "over");
    return this.#list;
  }

  /** Accepts a message. One with a known key is the same message, sent from another tab: it is not added again. */
  add(pending: Pick<PendingMessage, "id" | "slot" | "content" | "own" | "peer">): void {
    if (this.#with.items.get(pending.id) !== null) return;
    const latest = this.#read().at(-1)?.at ?? 0;
    this.#put({ ...pending, at: Math.max(this.#now(), latest + 1), state: "waiting" });
    void this.#run(pending);
  }

  /** Sends everything that waits: call it when the network is back. */
  resume(): void {
    const conversations = new Map(this.#read().map((pending) => [nameOf(pending), pending]));
    for (const pending of conversations.values()) void this.#run(pending);
  }

  /**
   * Sends a message again whose attempt failed. It keeps its key, unless the server has refused it: the server would repeat
   * the answer. The new key follows from the old one, so that two tabs choose the same.
   */
  tryAgain(id: string): void {
    const pending = this.#with.items.get(id);
    if (pending === null || !isStuck(pending)) return;
    const isRefused = pending.failure !== undefined && outcomeOf(pending.failure, true) === "refused";
    const again = { ...pending, id: isRefused ? nextKey(id) : id, at: this.#renewed(pending) };
    if (isRefused) this.#end(pending);
    this.#put({ ...again, state: "waiting", failure: undefined, startedAt: undefined });
    void this.#run(pending);
  }

  /** Makes a message that is not being sent a draft again. Does nothing if its slot has another text. */
  cancel(id: string): void {
    const pending = this.#with.items.get(id);
    if (pending === null || pending.state === "lost" || !canEnd(pending)) return;
    if (this.#with.drafts.putBack(pending.slot, pending.content)) this.discard(id);
  }

  /** Gives up a message that is not being sent, with its text. */
  discard(id: string): void {
    const pending = this.#with.items.get(id);
    if (pending === null || !canEnd(pending)) return;
    this.#end(pending);
    void this.#run(pending);
  }

  changedElsewhere(): void {
    this.#changed();
    this.resume();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back with each outcome of a message that this tab has sent. */
  onSettled(listener: (pending: PendingMessage, settled: Settled) => void): () => void {
    this.#settled.add(listener);
    return () => this.#settled.delete(listener);
  }

  /** Sends the messages of a conversation until one does not go through. */
  #run(of: Sides): Promise<void> {
    const name = nameOf(of);
    if (this.#queued.has(name)) return Promise.resolve();
    this.#queued.add(name);
    return this.#with.locks(name, async () => {
      this.#queued.delete(name);
      for (;;) {
        const next = this.#read().find((pending) => nameOf(pending) === name && isOpen(pending));
        if (next === undefined || isStuck(next) || this.#isStopped || !this.#with.isOnline()) return;
        if (next.state === "waiting" && next.at < this.#now() - LONGEST_WAIT_MS) {
          this.#put({ ...next, state: "failed", failure: WAITED_TOO_LONG });
          return;
        }
        // Nor one that a page was sending when it was closed: it may have been sent.
        if (next.state === "sending" && (next.startedAt ?? next.at) < this.#now() - LONGEST_WAIT_MS) {
          this.#put({ ...next, state: "lost" });
          return;
        }
        // A message that another page was sending is sent again: only this page has the lock now.
        if (!await this.#attempt({ ...next, state: "sending", startedAt: this.#now() })) return;
      }
    });
  }

  /** @returns whether the next message may be sent */
  async #attempt(sending: PendingMessage): Promise<boolean> {
    this.#put(sending);
    const { drafts, send, show, isOnline } = this.#with;
    let message: SentMessage;
    try {
      message = await send(sending);
    } catch (error) {
      const failure = failureOf(error);
      const outcome = outcomeOf(failure, isOnline());
      switch (outcome) {
        case "waits":
          this.#put({ ...sending, state: "waiting", startedAt: undefined });
          return false;
        case "lost":
        case "later":
          this.#put({ ...sending, state: outcome === "lost" ? "lost" : "failed", failure });
          this.#settle(sending, { outcome, failure });
          return false;
        case "unknown":
          await show(sending);
          this.#end(sending);
          this.#settle(sending, { outcome, failure });
          return true;
        case "refused":
          if (isInLedger(failure)) await show(sending);
          if (drafts.putBack(sending.slot, sending.content, failure) || isInLedger(failure)) this.#end(sending);
          else this.#put({ ...sending, state: "failed", failure });
          this.#settle(sending, { outcome, failure });
          return true;
      }
      outcome satisfies never;
      throw error;
    }
    this.#put({ ...sending, state: "sent", message });
    this.#settle(sending, { outcome: "sent", message });
    // The next message does not wait for the screen.
    void show(sending).then(() => this.#end(sending));
    return true;
  }

  #settle(pending: PendingMessage, settled: Settled): void {
    for (const listener of [...this.#settled]) listener(pending, settled);
  }

  /** The place of a message that is tried again: the same, unless it has waited too long to be sent without its author. */
  #renewed({ at }: PendingMessage): number {
    return at < this.#now() - LONGEST_WAIT_MS ? this.#now() : at;
  }

  /** All messages, oldest first. */
  #read(): PendingMessage[] {
    const { items } = this.#with;
    return items.names().map((name) => items.get(name)).filter((pending) => pending !== null && isPending(pending))
      .toSorted((a, b) => a.at - b.at);
  }

  /** Keeps no text of a message that is over. */
  #end({ id, slot, own, peer, at }: PendingMessage): void {
    this.#put({
      id,
      slot,
      own,
      peer,
      at,
      state: "over",
      content: NO_CONTENT,
    });
    this.#forgetOld();
  }

  #forgetOld(): void {
    for (const { id, state, at } of this.#read()) {
      if (state === "over" && at < this.#now() - OVER_KEPT_MS) this.#with.items.remove(id);
    }
  }

  #put(pending: PendingMessage): void {
    this.#with.items.set(pending.id, pending);
    this.#changed();
  }

  #changed(): void {
    this.#list = null;
    for (const listener of [...this.#listeners]) listener();
  }
}

function nameOf({ own, peer }: Sides): string {
  return `${own}~${peer}`;
}

/** The key of a refused message's next attempt. */
function nextKey(id: string): string {
  const count = /\.(\d+)$/.exec(id)?.[1] ?? 1;
  return `${firstKeyOf(id)}.${Number(count) + 1}`;
}

/** The key of a message's first attempt. */
export function firstKeyOf(id: string): string {
  return id.replace(/\.\d+$/, "");
}

/** Whether later messages of the conversation wait for it. */
function isOpen({ state }: PendingMessage): boolean {
  return state === "waiting" || state === "sending" || state === "lost" || state === "failed";
}

/** Whether it waits for its author's decision. */
function isStuck({ state }: PendingMessage): boolean {
  return state === "lost" || state === "failed";
}

function canEnd(pending: PendingMessage): boolean {
  return pending.state === "waiting" || isStuck(pending);
}

function isPending(value: Partial<PendingMessage>): value is PendingMessage {
  const texts = [value.id, value.own, value.peer, value.state, value.content?.body];
  return texts.every((text) => typeof text === "string") && typeof value.at === "number";
}
