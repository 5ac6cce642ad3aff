import { Badge, Group, Stack, Text } from "@mantine/core";
import { CancelButton } from "../billing/cancel-button.tsx";
import { ChangePlanButton } from "../billing/change-plan-button.tsx";
import { ClaimButton } from "../billing/claim-button.tsx";
import { ManageButton } from "../billing/manage-button.tsx";
import { noteOn } from "../billing/next-event.ts";
import { SubscribeButton } from "../billing/subscribe-button.tsx";
import { isGift, mayBuy, type Subscription } from "../billing/subscription.ts";
import { Fact, Facts } from "../platform/facts.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";
import type { AccountFacts, AccountState } from "./account-state.ts";
import { useAccountState } from "./use-account-state.ts";

/** The tenant's plan, its limits and its subscription. */
export function PlanCard() {
  const { state, facts, error, refetch } = useAccountState();
  const subscription = facts?.billing.subscription;
  return (
    <Panel
      title="Plan"
      description="The limits of your subscription"
      aside={subscription && <SubscriptionBadge status={subscription.status} />}
    >
      {state !== undefined && facts !== undefined && <PlanDetails state={state} facts={facts} />}
      {state === undefined && error === null && <Loading h={110} label="Loading your plan" />}
      {state === undefined && error !== null && <LoadFailure error={error} onRetry={refetch} />}
    </Panel>
  );
}

function PlanDetails(
  { state: { plan, planTitle, planNote }, facts: { billing: { subscription, own }, sellsSubscriptions } }: {
    state: AccountState;
    facts: AccountFacts;
  },
) {
  const number = new Intl.NumberFormat();
  return (
    <Stack gap="md">
      <div>
        <Text fw={600}>{planTitle}</Text>
        <Text size="sm" c="dimmed">{planNote}</Text>
        {subscription !== null && isGift(subscription) && (
          <Text size="sm" c="dimmed">
            It was bought through a Payment Link. The buyer can claim it to manage it here
          </Text>
        )}
        {own !== null && !mayBuy(own) && own.id !== subscription?.id && (
          <Text size="sm" c="dimmed">You also pay for a subscription of your own. {noteOn(own)}</Text>
        )}
      </div>
      {plan !== null && (
        <Facts>
          <Fact label="Numbers">{number.format(plan.max_numbers)}</Fact>
          <Fact label="Messages a day">{number.format(plan.daily_message_limit)}</Fact>
          <Fact label="Messages a month">{number.format(plan.monthly_message_limit)}</Fact>
        </Facts>
      )}
      <Group gap="sm">
        <SubscribeButton variant="light" />
        {sellsSubscriptions && own !== null && !mayBuy(own) && (
          <>
            <ChangePlanButton subscription={own} />
            <ManageButton />
            <CancelButton subscription={own} />
          </>
        )}
        {sellsSubscriptions && subscription !== null && isGift(subscription) && (
          <ClaimButton subscriptionId={subscription.id} />
        )}
      </Group>
    </Stack>
  );
}

const BADGES: Readonly<Record<Subscription["status"], { label: string; color: string }>> = {
  active: { label: "Active", color: "exchange" },
  trialing: { label: "Trial", color: "blue" },
  past_due: { label: "Payment failed", color: "orange" },
  unpaid: { label: "Unpaid", color: "red" },
  paused: { label: "Paused", color: "orange" },
  canceled: { label: "Ended", color: "gray" },
  incomplete: { label: "Not paid yet", color: "orange" },
  incomplete_expired: { label: "Ended", color: "gray" },
};

function SubscriptionBadge({ status }: { status: Subscription["status"] }) {
  const { label, color } = BADGES[status];
  return <Badge variant="light" color={color} size="lg" radius="sm" tt="none">{label}</Badge>;
}
