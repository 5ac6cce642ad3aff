import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { freshRecords, type Records } from "./records.ts";

/** What is kept across restarts: the records, and the secrets, so that a configured receiver still trusts us. */
export interface Snapshot {
  webhookSecret: string;
  secretKey: string;
  records: Records;
}

const FILE = z.object({
  version: z.literal(1),
  webhookSecret: z.string(),
  secretKey: z.string(),
  records: z.record(z.string(), z.array(z.looseObject({ id: z.string() }))),
});

/**
 * Reads a snapshot written by {@link SnapshotWriter}; null where there is no file yet.
 *
 * @throws Error naming the file if it is not a snapshot of this version.
 */
export async function readSnapshot(path: string): Promise<Snapshot | null> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (text === null) return null;
  const parsed = FILE.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new Error(`Cannot load "${path}": it is not a Stripe simulator snapshot of version 1`);
  }
  const records = freshRecords(0);
  for (const name of Object.keys(records) as (keyof Records)[]) {
    const into = records[name] as Map<string, unknown>;
    into.clear();
    for (const value of parsed.data.records[name] ?? []) into.set(value.id, value);
  }
  return { webhookSecret: parsed.data.webhookSecret, secretKey: parsed.data.secretKey, records };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Writes snapshots soon after a change, one at a time, each complete or not at all. */
export class SnapshotWriter {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();

  /** @param path null keeps everything in memory only. */
  constructor(
    private readonly path: string | null,
    private readonly take: () => Snapshot,
    private readonly report: (line: string) => void,
  ) {}

  /** Says that something changed; changes that follow within a moment share one write. */
  changed(): void {
    if (this.path === null) return;
    this.#dirty = true;
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error) => this.report(`Cannot save the state: ${(error as Error).message}`));
    }, 40);
  }

  /** Writes what is unsaved, and resolves when it is on disk. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.path === null || !this.#dirty) return;
    this.#dirty = false;
    const { records, ...secrets } = this.take();
    const lists = Object.fromEntries(Object.entries(records).map(([name, map]) => [name, [...map.values()]]));
    const text = JSON.stringify({ version: 1, ...secrets, records: lists });
    await mkdir(dirname(this.path), { recursive: true });
    const draft = `${this.path}.tmp`;
    await writeFile(draft, text, { mode: 0o600 });
    // A draft left by an earlier run keeps that run's mode.
    await chmod(draft, 0o600);
    await rename(draft, this.path);
  }
}
