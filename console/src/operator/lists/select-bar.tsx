import { Checkbox, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { MOST_SELECTED } from "./selection.ts";
import type { Selection } from "./use-selection.ts";

export interface SelectBarProps<Id> {
  selection: Selection<Id>;
  /** How many items are listed. */
  shown: number;
  /** Of the items, such as `alerts`. */
  noun: string;
  /** The actions on what is selected. */
  children: ReactNode;
}

/** Above a list: selects all that it shows, and offers what can be done with the selected ones. */
export function SelectBar<Id>({ selection, shown, noun, children }: SelectBarProps<Id>) {
  const { ids, isAll, toggleAll } = selection;
  return (
    <Group justify="space-between" gap="sm" mih={36}>
      <Checkbox
        checked={isAll}
        indeterminate={!isAll && ids.length > 0}
        onChange={toggleAll}
        label={ids.length === 0 ? `Select all ${shown} shown` : `${ids.length} of ${shown} selected`}
        aria-label={`Select all ${noun} shown`}
      />
      <Group gap="xs">
        {ids.length === MOST_SELECTED && <Text size="xs" c="dimmed">At most {MOST_SELECTED} at once</Text>}
        {children}
      </Group>
    </Group>
  );
}
