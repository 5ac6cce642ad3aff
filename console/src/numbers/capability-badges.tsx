import { Badge, Group } from "@mantine/core";
import type { Capabilities } from "../../../client/switchboard.ts";

const NAMES = [["sms", "SMS"], ["mms", "MMS"], ["voice", "Voice"]] as const;

/** The capabilities of a number. */
export function CapabilityBadges({ capabilities }: { capabilities: Capabilities }) {
  return (
    <Group gap={4} aria-label="Capabilities">
      {NAMES.filter(([key]) => capabilities[key]).map(([key, name]) => (
        <Badge key={key} variant="default" size="sm" radius="sm" tt="none" fw={500}>{name}</Badge>
      ))}
    </Group>
  );
}
