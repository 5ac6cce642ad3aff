import type { BoundedCount, Health } from "../../../../client/switchboard.ts";

/** How many alerts of all kinds are open, and how many are acknowledged. A count of one kind stops at 1,000. */
export function sumOf(kinds: Health["alerts"]): { open: BoundedCount; acknowledged: BoundedCount } {
  const isMore = kinds.some(({ open }) => open.isMore);
  const open = kinds.reduce((sum, kind) => sum + kind.unacknowledged.count, 0);
  const all = kinds.reduce((sum, kind) => sum + kind.open.count, 0);
  return { open: { count: open, isMore }, acknowledged: { count: Math.max(0, all - open), isMore } };
}
