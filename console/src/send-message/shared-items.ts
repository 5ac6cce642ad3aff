/** The part of `localStorage` that is used. */
export type ItemStorage = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/**
 * JSON values by name in `localStorage`, so that all tabs of a browser share them and a reload keeps them. Each value is an
 * item of its own: tabs that write different values never overwrite each other's. What the browser cannot store, because
 * storage is blocked or full, is kept in memory.
 */
export class SharedItems<Value extends object> {
  readonly #storage: ItemStorage;
  readonly #prefix: string;
  readonly #unstored = new Map<string, string>();

  /** @param prefix of the names of all items, for example `switchboard/<user id>/draft/` */
  constructor(storage: ItemStorage, prefix: string) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  get(name: string): Value | null {
    const text = this.#unstored.get(name) ?? attempt(() => this.#storage.getItem(this.#prefix + name)) ?? null;
    return text === null ? null : parsed<Value>(text);
  }

  set(name: string, value: Value): void {
    const text = JSON.stringify(value);
    const isStored = attempt(() => {
      this.#storage.setItem(this.#prefix + name, text);
      return true;
    });
    if (isStored) this.#unstored.delete(name);
    else this.#unstored.set(name, text);
  }

  remove(name: string): void {
    this.#unstored.delete(name);
    attempt(() => this.#storage.removeItem(this.#prefix + name));
  }

  names(): string[] {
    const keys = attempt(() => Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index)!));
    return [...new Set([...(keys ?? []).flatMap((key) => this.nameOf(key) ?? []), ...this.#unstored.keys()])];
  }

  /** The name of the item that a `storage` event's key belongs to; null if it is not one of these. */
  nameOf(key: string): string | null {
    return key.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : null;
  }
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function parsed<Value extends object>(text: string): Value | null {
  const value: unknown = attempt(() => JSON.parse(text));
  return typeof value === "object" && value !== null ? value as Value : null;
}
