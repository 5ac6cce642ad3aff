import { Text } from "@mantine/core";
import { useUsage } from "../billing/use-usage.ts";
import { rangeInWords } from "../charts/range.ts";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";
import { roundMoneyOf } from "./amounts.ts";
import { forecastOf } from "./notes.ts";

/** What this billing period has cost so far, and will probably cost. The limits beside it say why it could not be read. */
export function PeriodPanel() {
  const { data, error } = useUsage(true);
  if (data === undefined) {
    return error === null ? <Loading h={160} radius="lg" label="Loading this period" /> : null;
  }
  const forecast = forecastOf(data, data.prices.length);
  return (
    <Panel title="This billing period" description={`${rangeInWords(data.period)} (UTC)`}>
      <div className="period-amounts">
        <Amount label="Used so far" amount={roundMoneyOf(data.period.currency)(data.period.price)}>
          Without the price of your plan, and before what it includes
        </Amount>
        <Amount label="Forecast" amount={forecast.amount}>{forecast.text}</Amount>
      </div>
    </Panel>
  );
}

function Amount({ label, amount, children }: { label: string; amount: string | null; children: string }) {
  return (
    <div>
      <Text size="sm" fw={600}>{label}</Text>
      {amount !== null && <Text fz={26} fw={650} lh={1.3} className="digits">{amount}</Text>}
      <Text size="sm" c="dimmed" maw={420}>{children}</Text>
    </div>
  );
}
