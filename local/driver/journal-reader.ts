/** An entry of a simulator's journal. */
interface Entry {
  id: number;
  /** Null while the request is in progress, and if its connection was dropped. */
  status: number | null;
  dropped?: boolean;
}

/** One read of a journal: the entries after an id, and how often the journal was cleared. */
type Page<T> = { entries: T[]; cleared: number };

/**
 * Returns a function that reads a journal whole, or the entries after an id. It keeps what is complete and asks for the rest
 * alone: a run makes thousands of entries, and tests read them again and again.
 * @param read asks the simulator
 */
export function journalReader<T extends Entry>(
  read: (since: number) => Promise<Page<T>>,
): (since?: number) => Promise<T[]> {
  let known: T[] = [];
  let clearedBefore = 0;
  return async (since = 0) => {
    const from = known;
    const { entries, cleared } = await read(from.at(-1)?.id ?? 0);
    const all = cleared === clearedBefore ? [...from, ...entries] : entries;
    // Of two reads at once, the one that ends last keeps what it has read.
    clearedBefore = cleared;
    const open = all.findIndex(({ status, dropped }) => status === null && dropped !== true);
    known = open === -1 ? all : all.slice(0, open);
    return all.filter(({ id }) => id > since);
  };
}
