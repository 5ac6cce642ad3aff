import { Button, Group, Stack, Text } from "@mantine/core";
import { SubscribeButton } from "../billing/subscribe-button.tsx";
import { FailureAlert } from "../platform/failure-alert.tsx";

export interface CreateProps {
  onCreate: () => void;
  isCreating: boolean;
  /** Of the last attempt. */
  error: Error | null;
}

/** Shown without a subaccount, with the two ways to get one. */
export function SubaccountAbsent(create: CreateProps) {
  return (
    <Stack gap="md">
      <Text size="sm">
        You have no subaccount yet. It is created when your subscription starts, or now if your provider allows it
        without a subscription.
      </Text>
      <SubaccountActions {...create} />
    </Stack>
  );
}

/** Buttons to subscribe, or to create a subaccount without a subscription. */
export function SubaccountActions({ onCreate, isCreating, error }: CreateProps) {
  return (
    <Group gap="sm">
      <SubscribeButton />
      <Button variant="default" loading={isCreating} onClick={onCreate}>Create my subaccount</Button>
      {error !== null && <FailureAlert error={error} w="100%" />}
    </Group>
  );
}
