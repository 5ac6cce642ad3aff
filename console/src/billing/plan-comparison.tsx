import { Alert, Badge, Button, Group, List, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { Check, Info } from "lucide-react";
import { useBackend } from "../platform/backend.tsx";
import { Fact, Facts } from "../platform/facts.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { money } from "../platform/money.ts";
import { openChangePlan } from "./plan-dialogs.tsx";
import { includedIn, intervalInWords, planFacts, planName, type PlanPrice } from "./plan-facts.ts";
import { mayChangePlan, type PlanDetails, plansForSale, type Subscription } from "./subscription.ts";
import { useBilling, usePlans } from "./use-billing.ts";
import { usePlanChoice } from "./use-plan-choice.ts";
import { type PlanPrices, usePlanPrices } from "./use-plan-prices.ts";
import "./plan-comparison.css";

/** The plans side by side: the tenant's, marked, and those for sale with what they cost, allow and include. */
export function PlanComparison() {
  const { config: { sellsSubscriptions } } = useBackend();
  const plans = usePlans();
  const { billing, error, refetch } = useBilling();
  const prices = usePlanPrices();
  if (plans.data === undefined || billing === undefined) {
    return error === null
      ? <Loading h={320} label="Loading the plans" />
      : <LoadFailure error={error} onRetry={() => void refetch()} />;
  }
  const sold = sellsSubscriptions ? plansForSale(plans.data) : [];
  const current = plans.data.find(({ key }) => key === billing.plan?.key) ?? null;
  const shown = current === null || sold.includes(current) ? sold : [current, ...sold];
  return (
    <Stack gap="md">
      {prices.error !== null && <LoadFailure error={prices.error} onRetry={() => void prices.refetch()} />}
      {prices.data?.isIncomplete === true && (
        <Alert variant="light" color="gray" icon={<Info size={18} />}>
          Stripe did not answer, so prices are missing here. You see the price before you pay.
        </Alert>
      )}
      <SimpleGrid
        cols={{ base: 1, xs: 2, md: Math.min(4, Math.max(2, shown.length)) }}
        spacing="md"
        component="ul"
        className="rows"
      >
        {shown.map((plan) => (
          <PlanColumn
            key={plan.key}
            plan={plan}
            isCurrent={plan === current}
            isSold={sold.includes(plan)}
            prices={prices}
            own={billing.own}
            plans={plans.data}
          />
        ))}
      </SimpleGrid>
      {sold.length > 0 && (
        <Text size="sm" c="dimmed">
          Usage beyond what a plan includes is billed at the end of each billing period. Taxes may be added to prices.
        </Text>
      )}
    </Stack>
  );
}

interface PlanColumnProps {
  plan: PlanDetails;
  isCurrent: boolean;
  isSold: boolean;
  prices: { data: PlanPrices | undefined; isLoading: boolean };
  own: Subscription | null;
  plans: readonly PlanDetails[];
}

function PlanColumn({ plan, isCurrent, isSold, prices, own, plans }: PlanColumnProps) {
  const included = includedIn(plan);
  return (
    <Paper component="li" withBorder radius="lg" p="md" data-current={isCurrent || undefined} className="plan-column">
      <Stack gap="sm" h="100%">
        <Group justify="space-between" gap="xs">
          <Title order={3} size="h4">{planName(plan)}</Title>
          {isCurrent && <Badge variant="light" radius="sm" leftSection={<Check size={12} />}>Your plan</Badge>}
        </Group>
        {isSold
          ? prices.isLoading
            ? <Loading h={34} w={120} label="Loading the price" />
            : <Price price={prices.data?.prices.get(plan.key)} />
          : <Text size="sm" c="dimmed">{plan.superseded_at === null ? "No monthly price" : "No longer sold"}</Text>}
        <Facts>
          {planFacts(plan).map(({ label, value }) => <Fact key={label} label={label}>{value}</Fact>)}
        </Facts>
        {included.length > 0 && (
          <div>
            <Text size="sm" fw={600}>Included in each period</Text>
            <List size="sm">{included.map((each) => <List.Item key={each}>{each}</List.Item>)}</List>
          </div>
        )}
        {isSold && !isCurrent && (
          <div style={{ marginTop: "auto" }}>
            <PlanButton plan={plan} own={own} plans={plans} />
          </div>
        )}
      </Stack>
    </Paper>
  );
}

function Price({ price }: { price: PlanPrice | undefined }) {
  if (price === undefined) return <Text size="sm" c="dimmed">You see the price before you pay</Text>;
  return (
    <div>
      <Text span fz={26} fw={650} className="digits">{money(price.amount, price.currency)}</Text>{" "}
      <Text span size="sm" c="dimmed">
        {intervalInWords(price)}
        {price.includesTaxes && ", including taxes"}
      </Text>
    </div>
  );
}

/** Buys the plan, or changes to it. Renders nothing where neither is possible now. */
function PlanButton({ plan, own, plans }: Pick<PlanColumnProps, "plan" | "own" | "plans">) {
  const subscribe = usePlanChoice();
  if (subscribe !== undefined) {
    return (
      <Button
        fullWidth
        variant="light"
        aria-label={`Subscribe to ${plan.name}`}
        onClick={() => subscribe(plan.key)}
      >
        Subscribe
      </Button>
    );
  }
  if (own === null || !mayChangePlan(own, plans) || own.plan_key === plan.key) return null;
  return (
    <Button fullWidth variant="light" onClick={() => openChangePlan(own, plan.key)}>
      {`Change to ${plan.name}`}
    </Button>
  );
}
