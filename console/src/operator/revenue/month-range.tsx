import { Group, NativeSelect, SegmentedControl } from "@mantine/core";
import { useUrlQuery } from "../lists/use-url-query.ts";
import {
  addressOf,
  lastMonths,
  lengthOf,
  monthLabel,
  monthOf,
  type Months,
  monthsIn,
  monthsOf,
  MOST_MONTHS,
} from "./months.ts";

const PRESETS = [3, 6, 12, 24];

/** The months that the address names. */
export function useMonths(): [Months, (months: Months) => void] {
  const [query, change] = useUrlQuery();
  const current = monthOf(new Date());
  return [monthsOf(query, current), (months) => change(addressOf(months, current))];
}

/** Chooses the months that a report shows. */
export function MonthRange() {
  const [months, setMonths] = useMonths();
  const current = monthOf(new Date());
  // An address may name older months than these.
  const all = new Set([...monthsIn(lastMonths(MOST_MONTHS, current)), months.from, months.to]);
  const offered = [...all].sort().reverse();
  const preset = months.to === current && PRESETS.includes(lengthOf(months)) ? String(lengthOf(months)) : "";
  const dataOf = (values: readonly string[]) => values.map((value) => ({ value, label: monthLabel(value) }));
  return (
    <Group gap="sm" align="end">
      <SegmentedControl
        aria-label="Months"
        value={preset}
        onChange={(value) => setMonths(lastMonths(Number(value), current))}
        data={PRESETS.map((count) => ({ value: String(count), label: `${count} months` }))}
        visibleFrom="xs"
      />
      <NativeSelect
        label="From"
        value={months.from}
        data={dataOf(offered.filter((month) => month <= months.to))}
        onChange={({ currentTarget }) => setMonths({ ...months, from: currentTarget.value })}
      />
      <NativeSelect
        label="To"
        value={months.to}
        data={dataOf(offered.filter((month) => month >= months.from))}
        onChange={({ currentTarget }) => setMonths({ ...months, to: currentTarget.value })}
      />
    </Group>
  );
}
