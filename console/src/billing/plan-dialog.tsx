import { Button, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Plan } from "./subscription.ts";
import { useCheckout } from "./use-stripe-pages.ts";

export interface PlanDialogProps {
  opened: boolean;
  /** The plans for sale, the smallest first. */
  plans: readonly Plan[];
  onClose: () => void;
}

/** Lets the tenant choose a plan, then leads to its checkout at Stripe. */
export function PlanDialog({ opened, plans, onClose }: PlanDialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Choose your plan"
      centered
      radius="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <PlanChoice plans={plans} onClose={onClose} />
    </Modal>
  );
}

function PlanChoice({ plans, onClose }: Pick<PlanDialogProps, "plans" | "onClose">) {
  const [chosen, choose] = useState(plans[0]?.key ?? "");
  const checkout = useCheckout();

  function subscribe(event: FormEvent) {
    event.preventDefault();
    checkout.mutate(chosen);
  }

  return (
    <form onSubmit={subscribe}>
      <Stack gap="md">
        <Radio.Group value={chosen} onChange={choose} aria-label="Plan">
          <Stack gap="sm">{plans.map((plan) => <PlanOption key={plan.key} plan={plan} />)}</Stack>
        </Radio.Group>
        <Text size="sm" c="dimmed">You see the price before you pay. Stripe handles the payment.</Text>
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose} disabled={checkout.isPending}>Cancel</Button>
          <Button type="submit" loading={checkout.isPending || checkout.isSuccess} disabled={chosen === ""}>
            Continue to payment
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function PlanOption({ plan }: { plan: Plan }) {
  const number = new Intl.NumberFormat();
  const numbers = plan.max_numbers === 1 ? "1 number" : `${number.format(plan.max_numbers)} numbers`;
  return (
    <Radio.Card value={plan.key} radius="md" p="md" aria-label={plan.name}>
      <Group wrap="nowrap" align="start">
        <Radio.Indicator />
        <div>
          <Text fw={600}>{plan.name}</Text>
          <Text size="sm" c="dimmed">
            {numbers} · {number.format(plan.monthly_message_limit)} messages a month
          </Text>
        </div>
      </Group>
    </Radio.Card>
  );
}
