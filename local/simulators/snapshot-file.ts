import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

const DEBOUNCE_MS = 100;

/** Reads a JSON file. Returns null if the file does not exist, undefined if it is not JSON. */
export async function readSnapshot(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Saves the state of a simulator to a JSON file. Writes are debounced, sequential and atomic. The file contains
 * credentials, so only its owner can read it.
 */
export class SnapshotFile {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();

  /** @param path undefined disables saving */
  constructor(
    private readonly path: string | undefined,
    private readonly take: () => unknown,
    private readonly report: (line: string) => void,
  ) {}

  /** Schedules a write. Changes within 100 ms share one write. */
  changed(): void {
    if (this.path === undefined) return;
    this.#dirty = true;
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error) => this.report(`Cannot save the state: ${(error as Error).message}`));
    }, DEBOUNCE_MS);
  }

  /** Writes unsaved changes and resolves when they are on disk. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.path === undefined || !this.#dirty) return;
    this.#dirty = false;
    await mkdir(dirname(this.path), { recursive: true });
    // Writing a draft and renaming it is atomic: a reader never sees an incomplete file.
    const draft = `${this.path}.tmp`;
    await writeFile(draft, JSON.stringify(this.take()), { mode: 0o600 });
    // writeFile does not change the mode of a draft that an earlier run left behind.
    await chmod(draft, 0o600);
    await rename(draft, this.path);
  }
}
