import type { Store, StoreSnapshot } from "./store.ts";

const DEBOUNCE_MS = 150;

/**
 * Keeps a store in a JSON file. The file holds auth tokens, as the store does, so only its owner may read it.
 * Writing goes to a temporary neighbour that is then renamed: a reader never meets half a file.
 */
export class StateFile {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #unsubscribe: () => void = () => {};

  constructor(readonly path: string, readonly store: Store) {}

  /** Loads the file into the store; `false` when there is none yet. Throws when it is not a state file. */
  async load(): Promise<boolean> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
    const snapshot = JSON.parse(text) as StoreSnapshot;
    if (snapshot.version !== 1 || !Array.isArray(snapshot.accounts)) {
      throw new Error(`Cannot load the Twilio simulator's state: "${this.path}" is not a version 1 state file`);
    }
    this.store.load(snapshot);
    return true;
  }

  /** Writes the store now and, debounced, after every change to come. */
  async follow(): Promise<void> {
    this.#unsubscribe = this.store.onChange(() => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        void this.#save();
      }, DEBOUNCE_MS);
    });
    await this.#save();
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#save();
  }

  #save(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const temporary = `${this.path}.${Deno.pid}.tmp`;
    await Deno.writeTextFile(temporary, JSON.stringify(this.store.snapshot()), { mode: 0o600 });
    await Deno.rename(temporary, this.path);
  }
}
