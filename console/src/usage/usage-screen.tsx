import { Container, Stack, Tabs } from "@mantine/core";
import { Loading } from "../platform/loading.tsx";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { Settled } from "../platform/settled.tsx";
import { useUsage } from "../billing/use-usage.ts";
import { rangeOf, today } from "../charts/range.ts";
import { useNumbersOverview } from "../numbers/use-numbers.ts";
import { LimitsPanel } from "./limits-panel.tsx";
import { PeriodPanel } from "./period-panel.tsx";
import { PlanPanel } from "./plan-panel.tsx";
import { StatementView } from "./statement-view.tsx";
import { StatementsPanel } from "./statements-panel.tsx";
import { type Tab, TABS, type UsageChoice, useUsageChoice } from "./usage-query.ts";
import { useRangeUsage } from "./use-range-usage.ts";
import { UsagePanel } from "./usage-panel.tsx";
import "./usage.css";

/** What a tenant has used and pays, their statements and their plan. */
export function UsageScreen({ statement }: { statement: string | undefined }) {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Usage" description="What you have used, what it costs, and what your plan allows." />
      {statement === undefined ? <UsageTabs /> : (
        <Settled key={statement}>
          <StatementView id={statement} />
        </Settled>
      )}
    </Container>
  );
}

const LABELS: Readonly<Record<Tab, string>> = { usage: "Usage", statements: "Statements", plan: "Plan" };

function UsageTabs() {
  const { change, ...choice } = useUsageChoice();
  return (
    <Tabs
      value={choice.tab}
      onChange={(value) => {
        const tab = TABS.find((each) => each === value);
        if (tab !== undefined) change({ tab });
      }}
      keepMounted={false}
    >
      <Tabs.List mb="lg">
        {TABS.map((tab) => <Tabs.Tab key={tab} value={tab}>{LABELS[tab]}</Tabs.Tab>)}
      </Tabs.List>
      <Tabs.Panel value="usage">
        <Settled>
          <UsageTab choice={choice} />
        </Settled>
      </Tabs.Panel>
      <Tabs.Panel value="statements">
        <Settled>
          <StatementsPanel />
        </Settled>
      </Tabs.Panel>
      <Tabs.Panel value="plan">
        <Settled>
          <PlanPanel />
        </Settled>
      </Tabs.Panel>
    </Tabs>
  );
}

function UsageTab({ choice }: { choice: UsageChoice }) {
  const { data, isPending } = useUsage(true);
  const range = rangeOf(choice.range, today(), data?.period ?? null);
  // All are read at once, and shown together: `Settled` does not wait for the usage of the period, which the banner reads, too.
  useNumbersOverview();
  useRangeUsage(range);
  if (isPending) return <Loading h={560} radius="lg" label="Loading your usage" />;
  return (
    <Stack gap="lg">
      <LimitsPanel />
      <PeriodPanel />
      <UsagePanel range={range} choice={choice} />
    </Stack>
  );
}
