import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { SlidersHorizontal } from "lucide-react";
import { longDate } from "../../platform/dates.ts";
import { csvOf } from "../../platform/download.ts";
import { Fact, Facts } from "../../platform/facts.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { money } from "../../platform/money.ts";
import { Panel } from "../../platform/panel.tsx";
import { openAction } from "../actions/action-form.tsx";
import { FileButton } from "../lists/csv-button.tsx";
import { byName, LIMIT_NAMES, type ListedPlan, planName, usedWithoutSubscription } from "./plan-limits.ts";
import { PlanLimitsForm } from "./plan-limits-form.tsx";
import { usePlanVersions } from "./use-prices.ts";

/** The plans with their limits and versions. */
export function PlansTab() {
  const { data: plans, error, refetch } = usePlanVersions();
  if (plans === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={360} label="Loading the plans" />;
  }
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end" gap="sm">
        <Text size="sm" c="dimmed" maw={640}>
          A plan that was sold keeps its limits for those who have it: other limits make a new version, which is sold
          instead. The price of a plan is set at Stripe.
        </Text>
        <FileButton
          name="plans"
          parts={async function* () {
            yield csvOf(PLAN_COLUMNS, plans.map(lineOf));
          }}
        />
      </Group>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {byName(plans).map(({ newest, earlier }) => (
        <Panel
          key={newest.key}
          title={newest.name}
          description={`Key ${newest.key}, version ${newest.version}`}
          aside={<ChangeButton plan={newest} />}
        >
          <PlanFacts plan={newest} />
          {earlier.length > 0 && <Earlier plans={earlier} />}
        </Panel>
      ))}
    </Stack>
  );
}

function ChangeButton({ plan }: { plan: ListedPlan }) {
  return (
    <Button
      size="xs"
      variant="light"
      leftSection={<SlidersHorizontal size={14} aria-hidden />}
      aria-label={`Change limits of ${planName(plan)}`}
      onClick={() =>
        openAction(`Limits of ${planName(plan)}`, ({ onClose }) => <PlanLimitsForm plan={plan} onClose={onClose} />)}
    >
      Change limits
    </Button>
  );
}

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 4 });

function soldTo({ subscriptions, wasSold }: ListedPlan): string {
  if (!wasSold) return "No subscription yet";
  return `${number.format(subscriptions)} running subscription${subscriptions === 1 ? "" : "s"}`;
}

function PlanFacts({ plan }: { plan: ListedPlan }) {
  const { limits, markup, stripePriceId, currency } = plan;
  const unsold = usedWithoutSubscription(plan);
  return (
    <Facts>
      <Fact label={unsold === null ? "Sold to" : "Used by"}>{unsold ?? soldTo(plan)}</Fact>
      <Fact label="Usage costs">
        Twilio's price × {number.format(markup)}, billed in {currency.toUpperCase()}
      </Fact>
      {unsold === null && (
        <Fact label="Price at Stripe">{stripePriceId ?? `The one with the lookup key ${plan.key}`}</Fact>
      )}
      <Fact label="Numbers">
        {number.format(limits.maxNumbers)} at a time, {number.format(limits.maxPurchasesPerDay)} bought a day,{" "}
        {number.format(limits.maxPurchasesPerMonth)} a month, up to {money(limits.maxNumberPrice, currency)} each
      </Fact>
      <Fact label="Messages">
        {number.format(limits.dailyMessageLimit)} a day, {number.format(limits.monthlyMessageLimit)} a month,{" "}
        {number.format(limits.messagesPerSecond)} a second in campaigns
      </Fact>
      <Fact label="Spend limit">{money(limits.spendLimit, currency)} in a billing period</Fact>
    </Facts>
  );
}

/** Versions that are no longer sold, and that some subscriptions still have. */
function Earlier({ plans }: { plans: readonly ListedPlan[] }) {
  return (
    <details style={{ marginTop: 16 }}>
      <Text component="summary" size="sm" style={{ cursor: "pointer" }}>
        {plans.length === 1 ? "1 earlier version" : `${plans.length} earlier versions`}
      </Text>
      <Stack gap="lg" mt="md">
        {plans.map((plan) => (
          <section key={plan.key} aria-label={planName(plan)}>
            <Group justify="space-between" mb="xs">
              <Group gap="xs">
                <Text fw={600} size="sm">Version {plan.version}</Text>
                <Badge color="gray" variant="light" tt="none">
                  {plan.supersededAt === null ? "Replaced" : `Replaced on ${longDate(plan.supersededAt)}`}
                </Badge>
              </Group>
              <ChangeButton plan={plan} />
            </Group>
            <PlanFacts plan={plan} />
          </section>
        ))}
      </Stack>
    </details>
  );
}

const PLAN_COLUMNS = [
  "key",
  "name",
  "version",
  "supersededAt",
  "stripePriceId",
  "currency",
  "markup",
  "subscriptions",
  ...LIMIT_NAMES,
];

function lineOf(plan: ListedPlan) {
  const { key, name, version, supersededAt, stripePriceId, currency, markup, subscriptions, limits } = plan;
  const own = LIMIT_NAMES.map((limit) => limits[limit]);
  return [key, name, version, supersededAt, stripePriceId, currency, markup, subscriptions, ...own];
}
