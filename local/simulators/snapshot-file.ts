import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

const DEBOUNCE_MS = 100;

/** Reads a JSON file: null where there is none yet, undefined where it holds no JSON. */
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
 * Keeps the state of a simulator in a JSON file: writes it soon after a change, one write at a time, each complete or not at
 * all. The file holds credentials, so only its owner may read it.
 */
export class SnapshotFile {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();

  /** @param path undefined keeps everything in memory only. */
  constructor(
    private readonly path: string | undefined,
    private readonly take: () => unknown,
    private readonly report: (line: string) => void,
  ) {}

  /** Says that something changed; changes that follow within a moment share one write. */
  changed(): void {
    if (this.path === undefined) return;
    this.#dirty = true;
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error) => this.report(`Cannot save the state: ${(error as Error).message}`));
    }, DEBOUNCE_MS);
  }

  /** Writes what is unsaved, and resolves when it is on disk. */
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
    // A neighbour that is then renamed: a reader never meets half a file.
    const draft = `${this.path}.tmp`;
    await writeFile(draft, JSON.stringify(this.take()), { mode: 0o600 });
    // A draft left by an earlier run keeps that run's mode.
    await chmod(draft, 0o600);
    await rename(draft, this.path);
  }
}
