import { Anchor, Group, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { CircleCheck } from "lucide-react";
import type { Loss } from "../../../../client/switchboard.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { money } from "../../platform/money.ts";
import { Panel } from "../../platform/panel.tsx";
import { CsvButton } from "../lists/csv-button.tsx";
import { Paged } from "../lists/pages.tsx";
import { ScrollTable } from "../lists/scroll-table.tsx";
import { TenantName } from "../lists/tenant-name.tsx";
import { useEmails } from "../lists/use-emails.ts";
import { useUrlQuery } from "../lists/use-url-query.ts";
import { currencyName } from "./currency-name.ts";
import { lossesByReason, type LossesOfReason } from "./losses.ts";
import { MonthRange, useMonths } from "./month-range.tsx";
import { monthLabel, rangeOf } from "./months.ts";
import { useLosses, useTenantLosses } from "./use-revenue.ts";
import { LOSS_REASONS, wordsFor } from "./words.ts";

const LOSS_COLUMNS = [{ label: "Rows", isAmount: true }, { label: "Amount", isAmount: true }, {
  label: "Cost",
  isAmount: true,
}] as const;

/** What is never billed, by reason. */
export function LossesTab() {
  const [months] = useMonths();
  const [query] = useUrlQuery();
  const { data, error, refetch } = useLosses(months);
  const reason = query.get("reason");
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end" gap="sm">
        <MonthRange />
        <CsvButton list="losses" query={rangeOf(months)} />
      </Group>
      <Text size="sm" c="dimmed" maw={760}>
        Usage that is never billed, for a reason that is known. Its cost is part of the cost by month.
      </Text>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {data !== undefined && data.length === 0 && (
        <EmptyState icon={<CircleCheck />} title="Nothing is lost in these months">
          All usage is billed, or will be: what waits is under Not billed yet.
        </EmptyState>
      )}
      {data !== undefined && lossesByReason(data).map((losses) => (
        <ReasonPanel
          key={`${losses.currency} ${losses.reason}`}
          losses={losses}
          isOpen={reason === losses.reason}
        />
      ))}
    </Stack>
  );
}

function ReasonPanel({ losses: { reason, currency, months, rows, amount, cost }, isOpen }: {
  losses: LossesOfReason;
  isOpen: boolean;
}) {
  const [, change] = useUrlQuery();
  const { label, meaning, next } = wordsFor(LOSS_REASONS, reason);
  return (
    <Panel
      title={`${label}: ${money(amount, currency)}`}
      description={`${meaning} ${next}`}
      aside={
        <Anchor
          component="button"
          type="button"
          size="sm"
          aria-expanded={isOpen}
          onClick={() => change({ reason: isOpen ? null : reason })}
        >
          {isOpen ? "Hide the tenants" : "Show the tenants"}
        </Anchor>
      }
    >
      <ScrollTable
        label={`${label}, months in ${currencyName(currency)}`}
        minWidth={420}
        columns={["Month", ...LOSS_COLUMNS]}
      >
        {months.map((loss) => (
          <Table.Tr key={loss.month}>
            <Table.Th scope="row" fw={500}>{monthLabel(loss.month)}</Table.Th>
            <LossCells loss={loss} currency={currency} />
          </Table.Tr>
        ))}
        {months.length > 1 && (
          <Table.Tr fw={650}>
            <Table.Th scope="row">Total</Table.Th>
            <LossCells loss={{ rows, amount, cost }} currency={currency} />
          </Table.Tr>
        )}
      </ScrollTable>
      {isOpen && <TenantsOfReason reason={reason} currency={currency} />}
    </Panel>
  );
}

function LossCells({ loss, currency }: { loss: Pick<Loss, "rows" | "amount" | "cost">; currency: string }) {
  return (
    <>
      <Table.Td ta="right">{loss.rows.toLocaleString()}</Table.Td>
      <Table.Td ta="right">{money(loss.amount, currency)}</Table.Td>
      <Table.Td ta="right">{money(loss.cost, currency)}</Table.Td>
    </>
  );
}

function TenantsOfReason({ reason, currency }: { reason: string; currency: string }) {
  const [months] = useMonths();
  const pages = useTenantLosses(months, reason);
  return (
    <Stack gap="sm" mt="md">
      <Group justify="space-between">
        <Title order={3} size="h6">Tenants</Title>
        <CsvButton list="losses" query={{ by: "tenant", reason, ...rangeOf(months) }} />
      </Group>
      <Paged noun="tenants" pages={pages} itemsOf={(page) => page.losses} empty={<Text size="sm">No tenant.</Text>}>
        {(losses) => (
          <TenantLosses
            losses={losses.filter((loss) => loss.currency.toUpperCase() === currency)}
            currency={currency}
          />
        )}
      </Paged>
    </Stack>
  );
}

function TenantLosses({ losses, currency }: { losses: readonly Loss[]; currency: string }) {
  const emails = useEmails(losses.flatMap(({ userId }) => userId ?? []));
  return (
    <Paper withBorder radius="md" p="xs">
      <ScrollTable label="Tenants with this loss" minWidth={560} columns={["Month", "Tenant", ...LOSS_COLUMNS]}>
        {losses.map((loss) => (
          <Table.Tr key={`${loss.month} ${loss.userId}`}>
            <Table.Td style={{ whiteSpace: "nowrap" }}>{monthLabel(loss.month)}</Table.Td>
            <Table.Td>{loss.userId !== null && <TenantName userId={loss.userId} emails={emails} />}</Table.Td>
            <LossCells loss={loss} currency={currency} />
          </Table.Tr>
        ))}
      </ScrollTable>
    </Paper>
  );
}
