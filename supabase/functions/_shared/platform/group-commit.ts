/** How groups are made. */
export interface GroupOptions {
  /** Groups under way at once. */
  inFlight: number;
  /** The most items of one group. */
  most: number;
  /** After this many milliseconds a group no longer counts as under way, so that one that hangs holds up no other. */
  patienceMs: number;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Does work for items that arrive one by one, together for those that have to wait: an item that finds fewer than
 * `inFlight` groups under way goes at once, alone; the others form the next group. Nothing waits for a timer.
 *
 * A group that waits for long gives up its place and goes on. When a group fails, each of its items is tried again alone, so that one item's error is not another's.
 * @param commit does the work for a group and returns a result for each item, in their order
 */
export function groupCommit<Item, Result>(
  commit: (items: readonly Item[]) => Promise<readonly Result[]>,
  { inFlight, most, patienceMs }: GroupOptions,
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let underWay = 0;

  async function commitAlone({ item, resolve, reject }: Waiting<Item, Result>): Promise<void> {
    try {
      resolve((await commit([item]))[0]!);
    } catch (error) {
      reject(error);
    }
  }

  async function commitTogether(group: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await commit(group.map(({ item }) => item));
      group.forEach(({ resolve }, index) => resolve(results[index]!));
    } catch {
      await Promise.all(group.map(commitAlone));
    }
  }

  async function commitWaiting(): Promise<void> {
    underWay++;
    while (waiting.length > 0) {
      const group = waiting.splice(0, most);
      await endOrPatience(group.length === 1 ? commitAlone(group[0]!) : commitTogether(group), patienceMs);
    }
    underWay--;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (underWay < inFlight) commitWaiting();
    });
}

/** Resolves when the work ends, or after some milliseconds. */
async function endOrPatience(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  await Promise.race([work, patience]);
  clearTimeout(timer);
}
