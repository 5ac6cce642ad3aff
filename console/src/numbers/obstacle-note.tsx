import { Alert, Group, Text } from "@mantine/core";
import { Lock } from "lucide-react";
import type { Obstacle } from "./buying.ts";
import { WayOut } from "./way-out.tsx";

/** Says why no number can be bought now, with the way out. `id` is for the controls that it disables. */
export function ObstacleNote({ obstacle: { title, text, wayOut }, id }: { obstacle: Obstacle; id: string }) {
  return (
    <Alert color="gray" variant="light" icon={<Lock />} title={title} role="note" id={id}>
      <Group justify="space-between" gap="sm">
        <Text size="sm">{text}</Text>
        {wayOut !== null && <WayOut way={wayOut} />}
      </Group>
    </Alert>
  );
}
