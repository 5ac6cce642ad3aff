import { TabbedScreen } from "../lists/tabbed-screen.tsx";
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
};

/** Revenue, cost and margin, and what is not billed. @param tab of the address */
export function RevenueScreen({ tab }: { tab: string | undefined }) {
  return (
    <TabbedScreen
      title="Revenue"
      description="What usage earns in the month in which it was used (UTC), beside what Twilio charges for it."
      path="/operator/revenue"
      tabs={TABS}
      tab={tab}
    />
  );
}
