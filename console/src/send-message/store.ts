import type { SentMessage } from "../../../client/switchboard.ts";
import { Drafts, type StoredDraft } from "./drafts.ts";
import { browserStorage, prefixOf } from "./forget.ts";
import { type Locks, Outbox, type PendingMessage } from "./outbox.ts";
import { SharedItems } from "./shared-items.ts";
import type { Sides } from "./sides.ts";

export interface StoreOptions {
  userId: string;
  send: (pending: PendingMessage) => Promise<SentMessage>;
  show: (sides: Sides) => Promise<void>;
  isOnline: () => boolean;
  /** Calls back when the network comes and goes. @returns the function that ends this */
  onNetwork: (listener: () => void) => () => void;
}

/** The drafts and pending messages of one user, in the browser's storage. */
export class Store {
  readonly drafts: Drafts;
  readonly outbox: Outbox;
  readonly #draftItems: SharedItems<StoredDraft>;
  readonly #pendingItems: SharedItems<PendingMessage>;
  readonly #onNetwork: StoreOptions["onNetwork"];

  constructor({ userId, send, show, isOnline, onNetwork }: StoreOptions) {
    const storage = browserStorage();
    this.#draftItems = new SharedItems(storage, `${prefixOf(userId)}draft/`);
    this.#pendingItems = new SharedItems(storage, `${prefixOf(userId)}pending/`);
    this.#onNetwork = onNetwork;
    this.drafts = new Drafts(this.#draftItems);
    this.outbox = new Outbox({
      items: this.#pendingItems,
      drafts: this.drafts,
      send,
      show,
      isOnline,
      locks: browserLocks(prefixOf(userId)),
    });
  }

  /** Follows the other tabs and the network. @returns the function that ends this */
  start(): () => void {
    const hear = ({ key }: StorageEvent) => this.#hear(key);
    addEventListener("storage", hear);
    const endNetwork = this.#onNetwork(() => this.outbox.resume());
    this.outbox.start();
    return () => {
      removeEventListener("storage", hear);
      endNetwork();
      this.outbox.stop();
    };
  }

  /** @param key of the item that another tab has changed; null when it has cleared the storage */
  #hear(key: string | null): void {
    const slot = key === null ? null : this.#draftItems.nameOf(key);
    if (slot !== null) this.drafts.changedElsewhere(slot);
    if (key === null || this.#pendingItems.nameOf(key) !== null) this.outbox.changedElsewhere();
  }
}

/** Web Locks hold over all tabs. Pages without TLS have none: there, a lock holds in its own tab. */
function browserLocks(prefix: string): Locks {
  const { locks } = navigator as { locks?: LockManager };
  if (locks !== undefined) return (name, run) => locks.request(prefix + name, run);
  const ends = new Map<string, Promise<void>>();
  return (name, run) => {
    const end = (ends.get(name) ?? Promise.resolve()).then(run);
    ends.set(name, end.catch(() => {}));
    return end;
  };
}
