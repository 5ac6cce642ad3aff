/** A page as the server returns it: with a filter it may be short, or empty, before the last. */
export interface ServerPage<Item> {
  tenants: Item[];
  next: string | null;
}

/** How many tenants a page shows. */
export const PAGE = 50;
/** How many reads one page may take: each looks at up to 5,000 tenants. */
export const MOST_READS = 5;

/**
 * Reads until a page is full, the list is at its end, or the reads are used up. After that, `next` continues.
 * @param read returns at most `limit` tenants after a cursor
 */
export async function readPage<Item>(
  read: (after: string | undefined, limit: number) => Promise<ServerPage<Item>>,
  after: string | undefined,
): Promise<ServerPage<Item>> {
  const tenants: Item[] = [];
  let next: string | null = after ?? null;
  for (let reads = 0; reads < MOST_READS; reads += 1) {
    const page: ServerPage<Item> = await read(next ?? undefined, PAGE - tenants.length);
    tenants.push(...page.tenants);
    next = page.next;
    if (next === null || tenants.length >= PAGE) break;
  }
  return { tenants, next };
}

/** Whether the search ended early: there may be more, although the page is not full. */
export function isCutShort({ tenants, next }: ServerPage<unknown>): boolean {
  return next !== null && tenants.length < PAGE;
}
