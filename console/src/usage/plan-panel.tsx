import { Group, Stack, Text } from "@mantine/core";
import { CancelButton } from "../billing/cancel-button.tsx";
import { ManageButton } from "../billing/manage-button.tsx";
import { noteOn } from "../billing/next-event.ts";
import { PlanComparison } from "../billing/plan-comparison.tsx";
import { planName } from "../billing/plan-facts.ts";
import { isGift, mayBuy } from "../billing/subscription.ts";
import { useBilling } from "../billing/use-billing.ts";
import { useAwaitedPayment } from "../billing/awaited-payment.ts";
import { useBackend } from "../platform/backend.tsx";
import { Panel } from "../platform/panel.tsx";

/** The tenant's subscription, and the plans that it can be. */
export function PlanPanel() {
  const { config: { sellsSubscriptions } } = useBackend();
  const { billing } = useBilling();
  const { isAwaited } = useAwaitedPayment();
  const own = billing?.own ?? null;
  const subscription = billing?.subscription ?? null;
  return (
    <Stack gap="lg">
      {billing !== undefined && (
        <Panel title="Subscription" description={billing.plan === null ? undefined : planName(billing.plan)}>
          <Stack gap="md">
            <div>
              <Text size="sm">
                {isAwaited && mayBuy(own) ? "Your payment is being confirmed" : noteOn(subscription)}
              </Text>
              {subscription !== null && isGift(subscription) && (
                <Text size="sm" c="dimmed">It was bought through a Payment Link</Text>
              )}
              {own !== null && !mayBuy(own) && own.id !== subscription?.id && (
                <Text size="sm" c="dimmed">You also pay for a subscription of your own. {noteOn(own)}</Text>
              )}
            </div>
            {sellsSubscriptions && own !== null && !mayBuy(own) && (
              <Group gap="sm">
                <ManageButton />
                <CancelButton subscription={own} />
              </Group>
            )}
          </Stack>
        </Panel>
      )}
      <Panel title="Plans" description="What each plan costs, allows and includes">
        <PlanComparison />
      </Panel>
    </Stack>
  );
}
