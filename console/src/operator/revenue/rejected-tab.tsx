import { Group, Paper, Stack, Table, Text } from "@mantine/core";
import { CircleCheck } from "lucide-react";
import type { RejectedUsage } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { money } from "../../platform/money.ts";
import { CsvButton } from "../lists/csv-button.tsx";
import { Paged } from "../lists/pages.tsx";
import { ScrollTable } from "../lists/scroll-table.tsx";
import { TenantName } from "../lists/tenant-name.tsx";
import { useEmails } from "../lists/use-emails.ts";
import { dayLabel } from "./days.ts";
import { useRejected } from "./use-revenue.ts";
import { BILLING_STATES, KINDS, LOSS_REASONS, REJECTED_REASONS, wordsFor } from "./words.ts";

/** In Stripe's units: whole ten-thousandths of the currency. */
const UNITS = 10_000;

/** What Stripe refused, or accepted and did not count, newest first. */
export function RejectedTab() {
  const pages = useRejected();
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end" gap="sm">
        <Text size="sm" c="dimmed" maw={640}>
          Usage that Stripe refused, and units that it accepted but did not count or bill. They are sent again by
          themselves.
        </Text>
        <CsvButton list="rejected" />
      </Group>
      <Paged
        noun="rows"
        pages={pages}
        itemsOf={({ rows }) => rows}
        empty={
          <EmptyState icon={<CircleCheck />} title="Nothing was rejected">
            Stripe has counted everything that it was sent.
          </EmptyState>
        }
      >
        {(rows) => <RejectedRows rows={rows} />}
      </Paged>
    </Stack>
  );
}

function RejectedRows({ rows }: { rows: readonly RejectedUsage[] }) {
  const emails = useEmails(rows.map(({ userId }) => userId));
  const reasons = [...new Set(rows.map(({ reason }) => reason))].sort();
  return (
    <>
      <Stack component="ul" gap={6} m={0} pl="lg" aria-label="What the reasons mean">
        {reasons.map((reason) => {
          const { label, meaning, next } = wordsFor(REJECTED_REASONS, reason);
          return (
            <Text key={reason} component="li" size="sm">
              <b>{label}.</b> {meaning} {next}
            </Text>
          );
        })}
      </Stack>
      <Paper withBorder radius="lg" p="md">
        <ScrollTable
          label="Rejected usage"
          minWidth={940}
          columns={[
            "Day of use",
            "Tenant",
            "Of",
            { label: "Amount", isAmount: true },
            "Reason",
            "Now",
            "Stripe's error",
          ]}
        >
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td style={{ whiteSpace: "nowrap" }} title={`Written ${dateAndTime(row.createdAt)}`}>
                {dayLabel(row.day)}
              </Table.Td>
              <Table.Td>
                <TenantName userId={row.userId} emails={emails} />
              </Table.Td>
              <Table.Td>{KINDS[row.kind]}</Table.Td>
              <Table.Td ta="right">{money(row.units / UNITS, row.currency)}</Table.Td>
              <Table.Td>{wordsFor(REJECTED_REASONS, row.reason).label}</Table.Td>
              <Table.Td>{nowOf(row)}</Table.Td>
              <Table.Td maw={280} style={{ overflowWrap: "anywhere" }}>{row.error ?? "–"}</Table.Td>
            </Table.Tr>
          ))}
        </ScrollTable>
      </Paper>
    </>
  );
}

/** `to be sent, refused 2 times`, or why it is lost. */
function nowOf({ state, lossReason, refusals, rejections }: RejectedUsage): string {
  const times = (count: number) => count === 1 ? "once" : `${count.toLocaleString()} times`;
  return [
    lossReason === null
      ? BILLING_STATES[state] ?? state
      : `lost: ${wordsFor(LOSS_REASONS, lossReason).label.toLowerCase()}`,
    refusals > 0 && `refused ${times(refusals)}`,
    rejections > 0 && `sent again ${times(rejections)}`,
  ].filter(Boolean).join(", ");
}
