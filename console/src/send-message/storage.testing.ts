import type { ItemStorage } from "./shared-items.ts";

/** `localStorage` of one tab. */
export class MemoryStorage implements ItemStorage {
  readonly #items = new Map<string, string>();

  get length(): number {
    return this.#items.size;
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }
}

interface Write {
  tab: number;
  key: string;
  value: string | null;
}

/**
 * `localStorage` of several tabs in different processes, as in Chromium: a tab reads its own writes at once and those of the
 * others later, when they are delivered. All tabs end with the same values.
 */
export class TabStorages {
  readonly #log: Write[] = [];
  readonly #heard: number[];
  readonly tabs: MemoryStorage[];

  constructor(count: number) {
    this.#heard = Array.from({ length: count }, () => 0);
    this.tabs = this.#heard.map((_, tab) => this.#tab(tab));
  }

  /** Makes the writes of the other tabs visible in one. */
  deliver(tab: number): void {
    this.#heard[tab] = this.#log.length;
  }

  #view(tab: number): Map<string, string> {
    const view = new Map<string, string>();
    for (const [index, { tab: from, key, value }] of this.#log.entries()) {
      if (index >= this.#heard[tab]! && from !== tab) continue;
      if (value === null) view.delete(key);
      else view.set(key, value);
    }
    return view;
  }

  #tab(tab: number): MemoryStorage {
    const view = () => this.#view(tab);
    const log = this.#log;
    return new class extends MemoryStorage {
      override get length() {
        return view().size;
      }
      override getItem(key: string) {
        return view().get(key) ?? null;
      }
      override setItem(key: string, value: string) {
        log.push({ tab, key, value });
      }
      override removeItem(key: string) {
        log.push({ tab, key, value: null });
      }
      override key(index: number) {
        return [...view().keys()][index] ?? null;
      }
    }();
  }
}
