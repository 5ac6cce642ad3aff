import { Container, Tabs } from "@mantine/core";
import { useLocation } from "wouter";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";
import { LossesTab } from "./losses-tab.tsx";
import { OverviewTab } from "./overview-tab.tsx";
import { RejectedTab } from "./rejected-tab.tsx";
import { TenantsTab } from "./tenants-tab.tsx";
import { UnbilledTab } from "./unbilled-tab.tsx";
import { UnpaidTab } from "./unpaid-tab.tsx";

const TABS = {
  overview: { label: "By month", Tab: OverviewTab },
  tenants: { label: "By tenant", Tab: TenantsTab },
  losses: { label: "Losses", Tab: LossesTab },
  unbilled: { label: "Not billed yet", Tab: UnbilledTab },
  rejected: { label: "Rejected", Tab: RejectedTab },
  unpaid: { label: "Unpaid accounts", Tab: UnpaidTab },
} as const;

type TabName = keyof typeof TABS;
const NAMES = Object.keys(TABS) as TabName[];
const PATH = "/operator/revenue";

/** Revenue, cost and margin, and what is not billed. @param tab of the address; the first unless it is known */
export function RevenueScreen({ tab }: { tab: string | undefined }) {
  const [, navigate] = useLocation();
  const current = NAMES.find((name) => name === tab) ?? "overview";
  const { Tab } = TABS[current];
  return (
    <Container size="lg" className="screen">
      <ScreenTitle
        title="Revenue"
        description="What usage earns in the month in which it was used (UTC), beside what Twilio charges for it."
      />
      <Tabs value={current} onChange={(name) => navigate(name === "overview" ? PATH : `${PATH}/${name}`)} mb="lg">
        <Tabs.List aria-label="Revenue">
          {NAMES.map((name) => <Tabs.Tab key={name} value={name}>{TABS[name].label}</Tabs.Tab>)}
        </Tabs.List>
        <Tabs.Panel value={current} pt="lg">
          <Settled key={current}>
            <Tab />
          </Settled>
        </Tabs.Panel>
      </Tabs>
    </Container>
  );
}
