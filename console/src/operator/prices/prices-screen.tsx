import { TabbedScreen } from "../lists/tabbed-screen.tsx";
import { CarrierFeesTab } from "./carrier-fees-tab.tsx";
import { ExchangeRatesTab } from "./exchange-rates-tab.tsx";
import { PlansTab } from "./plans-tab.tsx";

const TABS = {
  plans: { label: "Plans", Tab: PlansTab },
  "carrier-fees": { label: "Carrier fees", Tab: CarrierFeesTab },
  "exchange-rates": { label: "Exchange rates", Tab: ExchangeRatesTab },
};

/** What tenants pay and may use. @param tab of the address */
export function PricesScreen({ tab }: { tab: string | undefined }) {
  return (
    <TabbedScreen
      title="Prices"
      description="What tenants may use, and what their usage is billed by."
      path="/operator/prices"
      tabs={TABS}
      tab={tab}
    />
  );
}
