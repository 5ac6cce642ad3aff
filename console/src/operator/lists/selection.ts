/** The most that one action takes: see `admin/change-alerts` and `admin/replay`. */
export const MOST_SELECTED = 200;

/** What is still selected of what a list shows now, in its order and at most as many as one action takes. */
export function selectedOf<Id>(shown: readonly Id[], chosen: ReadonlySet<Id>): Id[] {
  return shown.filter((id) => chosen.has(id)).slice(0, MOST_SELECTED);
}

/** The choice after a click on one item. */
export function toggled<Id>(chosen: ReadonlySet<Id>, id: Id): Set<Id> {
  const next = new Set(chosen);
  if (!next.delete(id)) next.add(id);
  return next;
}
