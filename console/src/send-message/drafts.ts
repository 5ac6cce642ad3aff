import { type Content, contentOf, type Draft, type Failure, isEmpty, isSame, type Slot } from "./draft.ts";
import type { SharedItems } from "./shared-items.ts";

/** Drafts without a change for longer are forgotten. */
const KEPT_MS = 90 * 24 * 60 * 60 * 1000;
/** How long a cleared slot says which draft it had. */
const CLEARED_KEPT_MS = 24 * 60 * 60 * 1000;

/** What a slot holds: a draft, or after it was sent or erased, the key and time of the last one. */
export type StoredDraft = Draft | { cleared: string; at: number };

/**
 * The drafts of one user, shared by all tabs: the newest change wins. A tab that sends takes the draft's idempotency key, so
 * that two tabs that send the same text send one message.
 */
export class Drafts {
  readonly #items: SharedItems<StoredDraft>;
  readonly #now: () => number;
  /** The last draft that this tab has read or written, by slot: also after another tab has cleared the slot. */
  readonly #shown = new Map<Slot, Draft>();
  readonly #listeners = new Set<(slot: Slot) => void>();

  constructor(items: SharedItems<StoredDraft>, now: () => number = Date.now) {
    this.#items = items;
    this.#now = now;
    for (const slot of items.names()) {
      const stored = items.get(slot);
      const isKnown = stored !== null && (isDraft(stored) || isCleared(stored));
      if (!isKnown || stored.at < now() - (isDraft(stored) ? KEPT_MS : CLEARED_KEPT_MS)) items.remove(slot);
    }
  }

  /** The same object until it changes. */
  get(slot: Slot): Draft | null {
    const stored = this.#stored(slot);
    if (stored === null) return null;
    const shown = this.#shown.get(slot);
    if (shown !== undefined && JSON.stringify(shown) === JSON.stringify(stored)) return shown;
    this.#shown.set(slot, stored);
    return stored;
  }

  slots(): Slot[] {
    return this.#items.names().filter((slot) => this.#stored(slot) !== null);
  }

  /** Stores what is in the fields. The failure of the last attempt is forgotten with the first change. */
  change(slot: Slot, content: Content): void {
    const before = this.#stored(slot);
    if (before !== null && isSame(before, content)) return;
    if (isEmpty(content)) this.clear(slot);
    else this.#put(slot, { ...contentOf(content), key: crypto.randomUUID(), at: this.#now() });
  }

  clear(slot: Slot): void {
    const stored = this.#stored(slot);
    if (stored !== null) this.#items.set(slot, { cleared: stored.key, at: stored.at });
    this.#shown.delete(slot);
    this.#announce(slot);
  }

  /**
   * Takes the text that a tab shows out of its slot, to send it. A newer text of another tab stays.
   * @returns the idempotency key: the same for every tab that shows the same draft
   */
  take(slot: Slot, content: Content): string {
    const shown = this.#shown.get(slot);
    const stored = this.#stored(slot);
    if (stored !== null && isSame(stored, content)) {
      this.clear(slot);
      return stored.key;
    }
    // Another tab has just sent this text, or changed it.
    if (shown !== undefined && isSame(shown, content)) return shown.key;
    return crypto.randomUUID();
  }

  /**
   * Puts a text back that was not sent, with the reason, unless the slot has a new text already.
   * @returns whether it was put back
   */
  putBack(slot: Slot, content: Content, failure?: Failure): boolean {
    if (this.#stored(slot) !== null) return false;
    this.#put(slot, { ...contentOf(content), key: crypto.randomUUID(), at: this.#now(), failure });
    return true;
  }

  /** Another tab has changed the slot. If it cleared an older draft than this tab's, before it heard of that one, it stays. */
  changedElsewhere(slot: Slot): void {
    const stored = this.#items.get(slot);
    const shown = this.#shown.get(slot);
    if (stored !== null && isCleared(stored) && shown !== undefined) {
      if (shown.key !== stored.cleared && shown.at >= stored.at) this.#items.set(slot, shown);
    }
    this.#announce(slot);
  }

  subscribe(listener: (slot: Slot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #stored(slot: Slot): Draft | null {
    const stored = this.#items.get(slot);
    return stored !== null && isDraft(stored) ? stored : null;
  }

  #put(slot: Slot, draft: Draft): void {
    this.#items.set(slot, draft);
    this.#shown.set(slot, draft);
    this.#announce(slot);
  }

  #announce(slot: Slot): void {
    for (const listener of [...this.#listeners]) listener(slot);
  }
}

function isDraft(value: Partial<Draft>): value is Draft {
  const texts = [value.key, value.to, value.body];
  return texts.every((text) => typeof text === "string") && typeof value.at === "number" &&
    Array.isArray(value.mediaUrls);
}

function isCleared(value: object): value is { cleared: string; at: number } {
  return "cleared" in value && "at" in value && typeof value.at === "number";
}
