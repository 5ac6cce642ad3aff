import { Alert, Group, Text } from "@mantine/core";
import { CalendarClock } from "lucide-react";
import type { ScheduledNumberChange } from "../../../client/switchboard.ts";
import { scheduledInWords } from "./scheduled.ts";
import { WayOut } from "./way-out.tsx";

/** Says what happens to a number by itself and when, with the way to avert it. */
export function ScheduledNote({ change }: { change: ScheduledNumberChange }) {
  const { text, color, wayOut } = scheduledInWords(change, new Date());
  return (
    <Alert color={color} variant="light" icon={<CalendarClock />} role="note" py="xs">
      <Group justify="space-between" gap="sm">
        <Text size="sm">{text}</Text>
        <WayOut way={wayOut} />
      </Group>
    </Alert>
  );
}
