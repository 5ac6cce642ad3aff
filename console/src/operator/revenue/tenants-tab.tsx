import { Group, NativeSelect, Paper, Stack, Table, Text } from "@mantine/core";
import { Users } from "lucide-react";
import type { Revenue } from "../../../../client/switchboard.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { CsvButton } from "../lists/csv-button.tsx";
import { Paged } from "../lists/pages.tsx";
import { ScrollTable } from "../lists/scroll-table.tsx";
import { TenantName } from "../lists/tenant-name.tsx";
import { useEmails } from "../lists/use-emails.ts";
import { useUrlQuery } from "../lists/use-url-query.ts";
import { AMOUNT_COLUMNS, AmountCells } from "./amounts.tsx";
import { currencyName } from "./currency-name.ts";
import { lastMonths, monthLabel, monthOf, monthsIn, MOST_MONTHS, rangeOf } from "./months.ts";
import { decimalsFor } from "./sums.ts";
import { type TenantsOrder, useRevenue, useTenantRevenue } from "./use-revenue.ts";

const ORDERS: readonly { value: TenantsOrder; label: string }[] = [
  { value: "revenue", label: "Largest revenue first" },
  { value: "margin", label: "Smallest margin first" },
];
const MONTH = /^20\d\d-(0[1-9]|1[0-2])$/;

/** What each tenant brings in one month. */
export function TenantsTab() {
  const [query, change] = useUrlQuery();
  const current = monthOf(new Date());
  const asked = query.get("month") ?? "";
  const month = MONTH.test(asked) && asked <= current ? asked : current;
  const order = ORDERS.find(({ value }) => value === query.get("order"))?.value ?? "revenue";
  const totals = useRevenue({ from: month, to: month });
  const currencies = [...new Set(totals.data?.map(({ currency }) => currency))].sort();
  const currency = currencies.find((each) => each === query.get("currency")) ?? currencies[0];
  const listed = {
    ...rangeOf({ from: month, to: month }),
    order,
    ...(currency !== undefined && { currency }),
  };
  const pages = useTenantRevenue(listed, currency !== undefined);
  const months = monthsIn(lastMonths(MOST_MONTHS, current)).reverse();
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end" gap="sm">
        <Group gap="sm" align="end">
          <NativeSelect
            label="Month"
            value={month}
            data={(months.includes(month) ? months : [...months, month]).map((value) => ({
              value,
              label: monthLabel(value),
            }))}
            onChange={({ currentTarget: { value } }) => change({ month: value === current ? null : value })}
          />
          {currencies.length > 1 && (
            <NativeSelect
              label="Currency"
              value={currency ?? ""}
              data={currencies.map((value) => ({ value, label: currencyName(value) }))}
              onChange={({ currentTarget: { value } }) => change({ currency: value })}
            />
          )}
          <NativeSelect
            label="Order"
            value={order}
            data={[...ORDERS]}
            onChange={({ currentTarget: { value } }) => change({ order: value === "revenue" ? null : value })}
          />
        </Group>
        <CsvButton list="revenue" query={{ by: "tenant", ...listed }} />
      </Group>
      {totals.error !== null && totals.data === undefined && (
        <LoadFailure
          error={totals.error}
          onRetry={() => void totals.refetch()}
        />
      )}
      {totals.data !== undefined && currency === undefined && (
        <EmptyState icon={<Users />} title={`No usage in ${monthLabel(month)}`}>
          Choose another month. Usage that is not rated yet is under Not billed yet.
        </EmptyState>
      )}
      {currency !== undefined && (
        <Paged
          noun="tenants"
          pages={pages}
          itemsOf={(page) => page.months}
          empty={<Text size="sm" c="dimmed">No tenant used anything in this currency.</Text>}
        >
          {(rows) => <TenantRows rows={rows} month={month} currency={currency.toUpperCase()} />}
        </Paged>
      )}
    </Stack>
  );
}

function TenantRows({ rows, month, currency }: { rows: readonly Revenue[]; month: string; currency: string }) {
  const emails = useEmails(rows.flatMap(({ userId }) => userId ?? []));
  const decimals = decimalsFor(rows, currency);
  return (
    <Paper withBorder radius="lg" p="md">
      <ScrollTable
        label={`Tenants of ${monthLabel(month)} in ${currencyName(currency)}`}
        minWidth={820}
        columns={["Tenant", ...AMOUNT_COLUMNS]}
      >
        {rows.map((row) => (
          <Table.Tr key={row.userId}>
            <Table.Td>{row.userId !== null && <TenantName userId={row.userId} emails={emails} />}</Table.Td>
            <AmountCells sums={row} currency={currency} decimals={decimals} />
          </Table.Tr>
        ))}
      </ScrollTable>
    </Paper>
  );
}
