import { Badge, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useBackend } from "../platform/backend.tsx";
import { Fact, Facts } from "../platform/facts.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Panel } from "../platform/panel.tsx";
import { CancelButton } from "./cancel-button.tsx";
import { ChangePlanButton } from "./change-plan-button.tsx";
import { ClaimButton } from "./claim-button.tsx";
import { ManageButton } from "./manage-button.tsx";
import { noteOn } from "./next-event.ts";
import { SubscribeButton } from "./subscribe-button.tsx";
import { isGift, mayBuy } from "./subscription.ts";
import { SubscriptionNote } from "./subscription-note.tsx";
import { type Billing, useBilling } from "./use-billing.ts";

/** The tenant's plan, its limits and its subscription. */
export function PlanCard() {
  const { billing, error, refetch } = useBilling();
  const subscription = billing?.subscription;
  return (
    <Panel
      title="Plan"
      description="The limits of your subscription"
      aside={subscription && <SubscriptionBadge status={subscription.status} />}
    >
      {billing !== undefined && <PlanDetails billing={billing} />}
      {billing === undefined && error === null && <Skeleton h={110} aria-label="Loading your plan" />}
      {billing === undefined && error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
    </Panel>
  );
}

function PlanDetails({ billing: { subscription, own, plan } }: { billing: Billing }) {
  const { config: { sellsSubscriptions } } = useBackend();
  const number = new Intl.NumberFormat();
  return (
    <Stack gap="md">
      <div>
        <Text fw={600}>{plan?.name ?? "No plan"}</Text>
        <SubscriptionNote subscription={subscription} />
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

const COLORS: Readonly<Record<string, string>> = {
  active: "exchange",
  trialing: "blue",
  past_due: "orange",
  unpaid: "red",
  paused: "orange",
};

function SubscriptionBadge({ status }: { status: string }) {
  return (
    <Badge variant="light" color={COLORS[status] ?? "gray"} size="lg" radius="sm" tt="capitalize">
      {status.replaceAll("_", " ")}
    </Badge>
  );
}
