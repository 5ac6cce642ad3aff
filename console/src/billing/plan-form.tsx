import { Badge, Button, Group, Radio, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { type Plan, suggestedPlan } from "./subscription.ts";

export interface PlanFormProps {
  /** The plans for sale, the smallest first. */
  plans: readonly Plan[];
  /** The key of the plan that the tenant has and cannot choose. */
  current?: string | null;
  /** What the choice leads to. */
  note: string;
  /** The label of the button that chooses a plan. */
  actionOf: (plan: Plan) => string;
  progress: { isPending: boolean; isSuccess: boolean; error: Error | null };
  onChoose: (plan: Plan) => void;
  onClose: () => void;
}

/** Lets the tenant choose a plan. */
export function PlanForm(
  { plans, current = null, note, actionOf, progress: { isPending, isSuccess, error }, onChoose, onClose }:
    PlanFormProps,
) {
  const selectable = plans.filter(({ key }) => key !== current);
  const form = useForm({ initialValues: { plan: suggestedPlan(plans, current) ?? "" } });
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

function PlanOption({ plan, isCurrent }: { plan: Plan; isCurrent: boolean }) {
  const number = new Intl.NumberFormat();
  const numbers = plan.max_numbers === 1 ? "1 number" : `${number.format(plan.max_numbers)} numbers`;
  return (
    <Radio.Card value={plan.key} radius="md" p="md" aria-label={plan.name} disabled={isCurrent}>
      <Group wrap="nowrap" align="start">
        <Radio.Indicator disabled={isCurrent} />
        <div style={{ flex: 1 }}>
          <Group gap="xs" justify="space-between">
            <Text fw={600}>{plan.name}</Text>
            {isCurrent && <Badge variant="light" color="gray" radius="sm">Your plan</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            {numbers} · {number.format(plan.monthly_message_limit)} messages a month
          </Text>
        </div>
      </Group>
    </Radio.Card>
  );
}
