import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTabTitle } from "./tab-title.ts";

/** The heading of a screen. Also sets the title of the browser tab. */
export function ScreenTitle({ title, description, aside }: { title: string; description?: string; aside?: ReactNode }) {
  useTabTitle(title);
  return (
    <Group justify="space-between" align="end" mb="lg" gap="sm">
      <div>
        <Title order={1} size="h2">{title}</Title>
        {description !== undefined && <Text c="dimmed">{description}</Text>}
      </div>
      {aside}
    </Group>
  );
}
