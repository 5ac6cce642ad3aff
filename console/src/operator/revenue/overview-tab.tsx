import { Group, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { Banknote } from "lucide-react";
import { MarginMonths } from "../../charts/margin-months.tsx";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { money } from "../../platform/money.ts";
import { Panel } from "../../platform/panel.tsx";
import { CsvButton } from "../lists/csv-button.tsx";
import { ScrollTable } from "../lists/scroll-table.tsx";
import { currencyName } from "./currency-name.ts";
import { Figure } from "./figure.tsx";
import { MonthRange, useMonths } from "./month-range.tsx";
import { monthLabel, monthsIn, rangeOf } from "./months.ts";
import { AMOUNT_COLUMNS, AmountCells, percent } from "./amounts.tsx";
import { byCurrency, type CurrencySums, decimalsFor, marginRate, written } from "./sums.ts";
import { useRevenue } from "./use-revenue.ts";

/** Revenue, cost and margin of all tenants, by month. */
export function OverviewTab() {
  const [months] = useMonths();
  const { data, error, refetch } = useRevenue(months);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end" gap="sm">
        <MonthRange />
        <CsvButton list="revenue" query={rangeOf(months)} />
      </Group>
      <Text size="sm" c="dimmed" maw={760}>
        Revenue is that of usage only: the price of the plans themselves is on Stripe's invoices. A statement bills a
        billing period, which is rarely a calendar month, so its total differs from a month here. The cost is all that
        Twilio charges, also for what is lost and for trials.
      </Text>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {data !== undefined && <Currencies currencies={byCurrency(data, monthsIn(months))} />}
    </Stack>
  );
}

function Currencies({ currencies }: { currencies: readonly CurrencySums[] }) {
  if (currencies.length === 0) {
    return (
      <EmptyState icon={<Banknote />} title="No usage in these months">
        A day of usage is rated after it is over, once Twilio has priced it. Usage that waits is under Not billed yet.
      </EmptyState>
    );
  }
  return currencies.map((sums) => <CurrencyPanel key={sums.currency} sums={sums} />);
}

function CurrencyPanel({ sums: { currency, months, total } }: { sums: CurrencySums }) {
  const decimals = decimalsFor(months, currency);
  const amount = (value: number) => money(value, currency, decimals);
  const shown = written(total, decimals);
  const rate = marginRate(shown);
  return (
    <Panel title={currencyName(currency)} description="Amounts of different currencies are never added up">
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="md" mb="lg">
        <Figure label="Revenue" value={amount(shown.revenue)} note={`${amount(shown.unbilled)} not billed yet`} />
        <Figure label="Cost" value={amount(shown.cost)} note="What Twilio charges" />
        <Figure
          label="Margin"
          value={amount(shown.margin)}
          note={rate === null ? "No revenue" : `${percent(rate)} of the revenue`}
          isBad={shown.margin < 0}
        />
        <Figure label="Lost" value={amount(shown.lost)} note="Never billed" />
      </SimpleGrid>
      <MarginMonths
        months={months.map((month) => {
          const { revenue, cost, margin } = written(month, decimals);
          return { label: monthLabel(month.month), revenue, cost, margin };
        })}
        format={amount}
      />
      <ScrollTable label={`Months in ${currencyName(currency)}`} minWidth={760} columns={["Month", ...AMOUNT_COLUMNS]}>
        {months.toReversed().map((month) => (
          <Table.Tr key={month.month}>
            <Table.Th scope="row" fw={500}>{monthLabel(month.month)}</Table.Th>
            <AmountCells sums={month} currency={currency} decimals={decimals} />
          </Table.Tr>
        ))}
        <Table.Tr>
          <Table.Th scope="row">Total</Table.Th>
          <AmountCells sums={total} currency={currency} decimals={decimals} isStrong />
        </Table.Tr>
      </ScrollTable>
    </Panel>
  );
}
