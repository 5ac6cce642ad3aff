import { Container, Tabs } from "@mantine/core";
import { useLocation } from "wouter";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";
import { CarrierFeesTab } from "./carrier-fees-tab.tsx";
import { ExchangeRatesTab } from "./exchange-rates-tab.tsx";
import { PlansTab } from "./plans-tab.tsx";

const TABS = {
  plans: { label: "Plans", Tab: PlansTab },
  "carrier-fees": { label: "Carrier fees", Tab: CarrierFeesTab },
  "exchange-rates": { label: "Exchange rates", Tab: ExchangeRatesTab },
} as const;

type TabName = keyof typeof TABS;
const NAMES = Object.keys(TABS) as TabName[];
const PATH = "/operator/prices";

/** What tenants pay and may use. @param tab of the address; the first unless it is known */
export function PricesScreen({ tab }: { tab: string | undefined }) {
  const [, navigate] = useLocation();
  const current = NAMES.find((name) => name === tab) ?? "plans";
  const { Tab } = TABS[current];
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Prices" description="What tenants may use, and what their usage is billed by." />
      <Tabs value={current} onChange={(name) => navigate(name === "plans" ? PATH : `${PATH}/${name}`)} mb="lg">
        <Tabs.List aria-label="Prices">
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
