import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { longDate } from "../platform/dates.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { mayCancel, type Subscription } from "./subscription.ts";
import { useEndSubscription } from "./use-own-subscription.ts";

/** Cancels the tenant's own subscription at the end of its period, or undoes a scheduled cancellation. */
export function CancelButton({ subscription }: { subscription: Subscription }) {
  if (!mayCancel(subscription)) return null;
  return subscription.cancel_at === null
    ? <ScheduleEnd subscription={subscription} />
    : <Keep subscription={subscription} />;
}

function ScheduleEnd({ subscription }: { subscription: Subscription }) {
  const [isAsking, setAsking] = useState(false);
  const end = useEndSubscription();
  const { current_period_end: periodEnd } = subscription;
  const close = () => !end.isPending && setAsking(false);

  function open() {
    end.reset();
    setAsking(true);
  }

  return (
    <>
      <Button variant="subtle" color="red" onClick={open}>Cancel subscription</Button>
      <Modal
        opened={isAsking}
        onClose={close}
        title="Cancel your subscription?"
        centered
        radius="lg"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <Stack gap="md">
          <Text size="sm">
            Your subscription ends{" "}
            {periodEnd === null ? "with its current period" : `on ${longDate(periodEnd)}`}. Until then your plan stays
            in force, and you can still keep the subscription.
          </Text>
          <Text size="sm">
            A last invoice bills the usage that is not invoiced yet. Without another subscription, your subaccount is
            then suspended.
          </Text>
          {end.error !== null && <FailureAlert error={end.error} />}
          <Group justify="end" gap="sm">
            <Button variant="default" onClick={close} disabled={end.isPending}>Go back</Button>
            <Button
              color="red"
              loading={end.isPending}
              onClick={() => end.mutate({ subscription, when: "period_end" }, { onSuccess: () => setAsking(false) })}
            >
              Cancel subscription
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

function Keep({ subscription }: { subscription: Subscription }) {
  const end = useEndSubscription();
  return (
    <>
      <Button variant="light" loading={end.isPending} onClick={() => end.mutate({ subscription, when: "never" })}>
        Keep subscription
      </Button>
      {end.error !== null && <FailureAlert error={end.error} w="100%" />}
    </>
  );
}
