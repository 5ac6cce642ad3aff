import { Center, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import type { ReactNode } from "react";

export interface EmptyStateProps {
  icon: ReactNode;
  title: string;
  /** The next step. */
  children: ReactNode;
  action?: ReactNode;
}

/** Shown in place of an empty list, with the next step. */
export function EmptyState({ icon, title, children, action }: EmptyStateProps) {
  return (
    <Center py="xl" px="md">
      <Stack align="center" gap="xs" maw={420}>
        <ThemeIcon size={52} radius="xl" variant="light" aria-hidden>{icon}</ThemeIcon>
        <Title order={2} size="h4" ta="center" mt={4}>{title}</Title>
        <Text c="dimmed" size="sm" ta="center">{children}</Text>
        {action !== undefined && <div style={{ marginTop: 8 }}>{action}</div>}
      </Stack>
    </Center>
  );
}
