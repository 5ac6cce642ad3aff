import { Badge, Button, Divider, Stack, Text } from "@mantine/core";
import type { DemoUser } from "../platform/config.ts";
import { useBackend } from "../platform/backend.tsx";
import type { Credentials } from "./credentials.ts";

/** Buttons that fill in a demo user of the local stack. Renders nothing without demo users. */
export function DemoUsers({ onChoose }: { onChoose: (credentials: Credentials) => void }) {
  const { config: { demoUsers = [] } } = useBackend();
  if (demoUsers.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Demo users">
      <Divider label="or fill in a demo user of this local stack" />
      {demoUsers.map((user) => <DemoUserButton key={user.email} user={user} onChoose={onChoose} />)}
    </Stack>
  );
}

function DemoUserButton({ user, onChoose }: { user: DemoUser; onChoose: (credentials: Credentials) => void }) {
  return (
    <Button
      variant="default"
      justify="space-between"
      fullWidth
      rightSection={
        <Badge variant="light" tt="capitalize" color={user.role === "operator" ? "grape" : "exchange"}>
          {user.role}
        </Badge>
      }
      onClick={() => onChoose({ email: user.email, password: user.password })}
    >
      <Text size="sm" truncate>{user.email}</Text>
    </Button>
  );
}
