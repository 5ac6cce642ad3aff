import { Button, Group, Stack, Text } from "@mantine/core";
import { SubscribeButton } from "../billing/subscribe-button.tsx";

export interface CreateProps {
  onCreate: () => void;
  isCreating: boolean;
}

/** Shown without a subaccount, with the two ways to get one. */
export function SubaccountAbsent({ onCreate, isCreating }: CreateProps) {
  return (
    <Stack gap="md">
      <Text size="sm">
        You have no subaccount yet. It is created when your subscription starts, or now if your provider allows it
        without a subscription.
      </Text>
      <SubaccountActions onCreate={onCreate} isCreating={isCreating} />
    </Stack>
  );
}

/** Buttons to subscribe, or to create a subaccount without a subscription. */
export function SubaccountActions({ onCreate, isCreating }: CreateProps) {
  return (
    <Group gap="sm">
      <SubscribeButton />
      <Button variant="default" loading={isCreating} onClick={onCreate}>Create my subaccount</Button>
    </Group>
  );
}
