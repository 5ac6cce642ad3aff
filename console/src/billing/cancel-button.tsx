import { Button, Group, Stack, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useBusyDialog } from "../platform/busy-dialog.ts";
import { longDate } from "../platform/dates.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { mayCancel, type Subscription } from "./subscription.ts";
import { useEndSubscription } from "./use-own-subscription.ts";

/** Cancels the tenant's own subscription at the end of its period, or undoes a scheduled cancellation. */
export function CancelButton({ subscription }: { subscription: Subscription }) {
  if (!mayCancel(subscription)) return null;
  if (subscription.cancel_at !== null) return <KeepButton subscription={subscription} />;
  return (
    <Button
      variant="subtle"
      color="red"
      onClick={() =>
        modals.open({
          modalId: CANCEL,
          title: "Cancel your subscription?",
          children: <ScheduleEnd subscription={subscription} />,
        })}
    >
      Cancel subscription
    </Button>
  );
}

const CANCEL = "cancel-subscription";

function ScheduleEnd({ subscription }: { subscription: Subscription }) {
  const { mutate, isPending, error } = useEndSubscription();
  const { current_period_end: periodEnd } = subscription;
  const close = () => modals.close(CANCEL);
  useBusyDialog(CANCEL, isPending);
  return (
    <Stack gap="md">
      <Text size="sm">
        Your subscription ends{" "}
        {periodEnd === null ? "with its current period" : `on ${longDate(periodEnd)}`}. Until then your plan stays in
        force, and you can still keep the subscription.
      </Text>
      <Text size="sm">
        A last invoice bills the usage that is not invoiced yet. Without another subscription, sending and receiving are
        then paused, and your numbers are released later.
      </Text>
      {error !== null && <FailureAlert error={error} />}
      <Group justify="end" gap="sm">
        <Button variant="default" onClick={close} disabled={isPending}>Go back</Button>
        <Button
          color="red"
          loading={isPending}
          onClick={() => mutate({ subscription, when: "period_end" }, { onSuccess: close })}
        >
          Cancel subscription
        </Button>
      </Group>
    </Stack>
  );
}

/** Undoes the scheduled end of the tenant's own subscription. */
export function KeepButton({ subscription }: { subscription: Subscription }) {
  const { mutate, isPending, error } = useEndSubscription();
  return (
    <>
      <Button variant="light" loading={isPending} onClick={() => mutate({ subscription, when: "never" })}>
        Keep subscription
      </Button>
      {error !== null && <FailureAlert error={error} w="100%" />}
    </>
  );
}
