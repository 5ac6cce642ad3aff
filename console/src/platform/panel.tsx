import { Group, Paper, Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

export interface PanelProps {
  title: string;
  description?: ReactNode;
  /** Shown to the right of the title. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A titled section of a screen. */
export function Panel({ title, description, aside, children }: PanelProps) {
  const titleId = useId();
  return (
    <Paper component="section" withBorder radius="lg" p="lg" aria-labelledby={titleId}>
      <Group justify="space-between" align="start" mb="md" gap="sm">
        <div>
          <Title order={2} size="h4" id={titleId}>{title}</Title>
          {description !== undefined && <Text c="dimmed" size="sm">{description}</Text>}
        </div>
        {aside}
      </Group>
      {children}
    </Paper>
  );
}
