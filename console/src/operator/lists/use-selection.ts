import { useState } from "react";
import { selectedOf, toggled } from "./selection.ts";

export interface Selection<Id> {
  /** Those that are selected and still listed. */
  ids: readonly Id[];
  has: (id: Id) => boolean;
  toggle: (id: Id) => void;
  /** Selects every listed item, or none when all are selected. */
  toggleAll: () => void;
  isAll: boolean;
}

/** Which items of a list are selected. An item that leaves the list leaves the selection. */
export function useSelection<Id>(shown: readonly Id[]): Selection<Id> {
  const [chosen, setChosen] = useState<ReadonlySet<Id>>(new Set());
  const ids = selectedOf(shown, chosen);
  const isAll = shown.length > 0 && shown.every((id) => chosen.has(id));
  return {
    ids,
    isAll,
    has: (id) => chosen.has(id),
    toggle: (id) => setChosen((now) => toggled(now, id)),
    toggleAll: () => setChosen(new Set(isAll ? [] : shown)),
  };
}
