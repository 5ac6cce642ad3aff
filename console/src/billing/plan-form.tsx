import { Badge, Button, Group, Radio, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { ReactNode } from "react";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { priceInWords } from "./plan-facts.ts";
import { type PlanDetails, suggestedPlan } from "./subscription.ts";
import { usePlanPrices } from "./use-plan-prices.ts";

export interface PlanFormProps {
  /** The plans for sale, the smallest first. */
  plans: readonly PlanDetails[];
  /** The key of the plan that the tenant has and cannot choose. */
  current?: string | null;
  /** The key of the plan that is chosen at first. */
  suggested?: string | undefined;
  /** What the choice of any plan leads to. */
  note: string;
  /** What the choice of a plan leads to. */
  consequences?: (plan: PlanDetails) => ReactNode;
  /** The label of the button that chooses a plan. */
  actionOf: (plan: PlanDetails) => string;
  progress: { isPending: boolean; isSuccess: boolean; error: Error | null };
  onChoose: (plan: PlanDetails) => void;
  onClose: () => void;
}

/** Lets the tenant choose a plan. */
export function PlanForm(
  {
    plans,
    current = null,
    suggested,
    note,
    consequences,
    actionOf,
    progress: { isPending, isSuccess, error },
    onChoose,
    onClose,
  }: PlanFormProps,
) {
  const selectable = plans.filter(({ key }) => key !== current);
  const first = selectable.some(({ key }) => key === suggested) ? suggested : suggestedPlan(plans, current);
  const form = useForm({ initialValues: { plan: first ?? "" } });
  const chosen = selectable.find(({ key }) => key === form.values.plan);

  function submit() {
    if (chosen !== undefined) onChoose(chosen);
  }

  return (
    <form onSubmit={form.onSubmit(submit)}>
      <Stack gap="md">
        <Radio.Group {...form.getInputProps("plan")} aria-label="Plan">
          <Stack gap="sm">
            {plans.map((plan) => <PlanOption key={plan.key} plan={plan} isCurrent={plan.key === current} />)}
          </Stack>
        </Radio.Group>
        {chosen !== undefined && consequences?.(chosen)}
        <Text size="sm" c="dimmed">{note}</Text>
        {error !== null && <FailureAlert error={error} />}
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose} disabled={isPending}>Cancel</Button>
          <Button type="submit" loading={isPending || isSuccess} disabled={chosen === undefined}>
            {chosen === undefined ? "No plan to choose" : actionOf(chosen)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function PlanOption({ plan, isCurrent }: { plan: PlanDetails; isCurrent: boolean }) {
  const { data } = usePlanPrices();
  const number = new Intl.NumberFormat();
  const numbers = plan.max_numbers === 1 ? "1 number" : `${number.format(plan.max_numbers)} numbers`;
  const price = data?.prices.get(plan.key);
  return (
    <Radio.Card value={plan.key} radius="md" p="md" aria-label={plan.name} disabled={isCurrent}>
      <Group wrap="nowrap" align="start">
        <Radio.Indicator disabled={isCurrent} />
        <div style={{ flex: 1 }}>
          <Group gap="xs" justify="space-between">
            <Text fw={600}>{plan.name}</Text>
            {isCurrent && <Badge variant="light" color="gray" radius="sm">Your plan</Badge>}
          </Group>
          <Text size="sm">
            {price !== undefined
              ? priceInWords(price)
              : data === undefined
              ? "\u00a0"
              : "You see the price before you pay"}
          </Text>
          <Text size="sm" c="dimmed">
            {numbers} · {number.format(plan.monthly_message_limit)} messages a month
          </Text>
        </div>
      </Group>
    </Radio.Card>
  );
}
