import { Button, Group, Stack, Text } from "@mantine/core";
import { DatePicker } from "@mantine/dates";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { daysAfter, limited, LONGEST_RANGE, type Range, today } from "./range.ts";

export interface RangeCalendarProps {
  /** What is chosen now. */
  range: Range | null;
  onChoose: (range: Range) => void;
  onBack: () => void;
}

/** A calendar for the first and the last day of a range. Loaded when it is opened, with its library. */
export function RangeCalendar({ range, onChoose, onBack }: RangeCalendarProps) {
  const [days, setDays] = useState<[string | null, string | null]>(
    range === null ? [null, null] : [range.from, daysAfter(range.until, -1)],
  );
  const [first, last] = days;
  const chosen = first === null || last === null ? null : limited({ from: first, until: daysAfter(last, 1) });
  const isCut = chosen !== null && chosen.from !== first;
  return (
    <Stack gap="xs" align="center">
      <DatePicker
        type="range"
        allowSingleDateInRange
        value={days}
        onChange={setDays}
        defaultDate={last ?? today()}
        maxDate={today()}
        firstDayOfWeek={1}
        weekendDays={[]}
        hideOutsideDates
        ariaLabels={{
          nextMonth: "Next month",
          previousMonth: "Previous month",
          nextYear: "Next year",
          previousYear: "Previous year",
          nextDecade: "Next ten years",
          previousDecade: "Previous ten years",
        }}
      />
      <Text size="sm" c="dimmed">
        {isCut
          ? `At most ${LONGEST_RANGE} days: earlier ones are left out.`
          : "Choose the first and the last day, in UTC."}
      </Text>
      <Group justify="space-between" gap="xs" w="100%">
        <Button variant="default" leftSection={<ArrowLeft size={14} aria-hidden />} onClick={onBack}>
          Back
        </Button>
        <Button disabled={chosen === null} onClick={() => chosen !== null && onChoose(chosen)}>
          Show days
        </Button>
      </Group>
    </Stack>
  );
}
