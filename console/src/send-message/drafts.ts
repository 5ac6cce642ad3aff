import { type Content, contentOf, type Draft, type Failure, isEmpty, isSame, type Slot } from "./draft.ts";
import type { SharedItems } from "./shared-items.ts";

/** Drafts without a change for longer are forgotten. */
const KEPT_MS = 90 * 24 * 60 * 60 * 1000;

/**
 * The drafts of one user, shared by all tabs: the newest change wins. A tab that sends takes the draft's idempotency key, so
 * that two tabs that send the same text send one message.
 */
export class Drafts {
  readonly #items: SharedItems<Draft>;
  readonly #now: () => number;
  /** The last draft that this tab has read or written, by slot: also after another tab has cleared the slot. */
  readonly #shown = new Map<Slot, Draft>();
  readonly #listeners = new Set<(slot: Slot) => void>();

  constructor(items: SharedItems<Draft>, now: () => number = Date.now) {
    this.#items = items;
    this.#now = now;
    for (const slot of items.names()) {
      const draft = items.get(slot);
      if (draft === null || !isDraft(draft) || draft.at < now() - KEPT_MS) items.remove(slot);
    }
  }

  /** The same object until it changes. */
  get(slot: Slot): Draft | null {
    const stored = this.#items.get(slot);
    if (stored === null) return null;
    const shown = this.#shown.get(slot);
    if (shown !== undefined && JSON.stringify(shown) === JSON.stringify(stored)) return shown;
    this.#shown.set(slot, stored);
    return stored;
  }

  slots(): Slot[] {
    return this.#items.names();
  }

  /** Stores what is in the fields. The failure of the last attempt is forgotten with the first change. */
  change(slot: Slot, content: Content): void {
    const before = this.#items.get(slot);
    if (before !== null && isSame(before, content)) return;
    if (isEmpty(content)) this.clear(slot);
    else this.#put(slot, { ...contentOf(content), key: crypto.randomUUID(), at: this.#now() });
  }

  clear(slot: Slot): void {
    this.#items.remove(slot);
    this.#shown.delete(slot);
    this.#announce(slot);
  }

  /**
   * Takes the text that a tab shows out of its slot, to send it. A newer text of another tab stays.
   * @returns the idempotency key: the same for every tab that shows the same draft
   */
  take(slot: Slot, content: Content): string {
    const shown = this.#shown.get(slot);
    const stored = this.#items.get(slot);
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
    if (this.#items.get(slot) !== null) return false;
    this.#put(slot, { ...contentOf(content), key: crypto.randomUUID(), at: this.#now(), failure });
    return true;
  }

  /** Another tab has changed the slot. */
  changedElsewhere(slot: Slot): void {
    this.#announce(slot);
  }

  subscribe(listener: (slot: Slot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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
