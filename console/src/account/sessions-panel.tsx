import { Button, Group, Stack } from "@mantine/core";
import { LogOut } from "lucide-react";
import { Panel } from "../platform/panel.tsx";
import { AuthFailure } from "../session/auth-failure.tsx";
import { useSessionStore } from "../session/session.tsx";
import { useAuthAction } from "../session/use-auth-action.ts";

/** Signs out here, or on every device. */
export function SessionsPanel() {
  const store = useSessionStore();
  const everywhere = useAuthAction<void, void>(() => store.signOut("global"));
  return (
    <Panel title="Sign out" description="Use “Sign out everywhere” when a device is lost or was shared.">
      <Stack gap="md">
        <AuthFailure failure={everywhere.failure} />
        <Group gap="sm">
          <Button
            variant="default"
            leftSection={<LogOut size={16} aria-hidden />}
            onClick={() => void store.signOut("local")}
          >
            Sign out
          </Button>
          <Button
            variant="light"
            color="red"
            loading={everywhere.isPending}
            onClick={() => everywhere.start()}
          >
            Sign out everywhere
          </Button>
        </Group>
      </Stack>
    </Panel>
  );
}
