import { Button, Group, Stack, Text } from "@mantine/core";
import { SubscribeButton } from "../billing/subscribe-button.tsx";

export interface CreateProps {
  onCreate: () => void;
  isCreating: boolean;
}

/** No subaccount yet: the two ways to one. */
export function SubaccountAbsent({ onCreate, isCreating }: CreateProps) {
  return (
    <Stack gap="md">
      <Text size="sm">
        You have no subaccount yet. It is created the moment your subscription starts, or right now if your provider
        lets you try first.
      </Text>
      <SubaccountActions onCreate={onCreate} isCreating={isCreating} />
    </Stack>
  );
}

/** Subscribe, or create without. */
export function SubaccountActions({ onCreate, isCreating }: CreateProps) {
  return (
    <Group gap="sm">
      <SubscribeButton />
      <Button variant="default" loading={isCreating} onClick={onCreate}>Create my subaccount</Button>
    </Group>
  );
}
