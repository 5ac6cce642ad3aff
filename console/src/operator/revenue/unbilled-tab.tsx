import { Anchor, Badge, Checkbox, Group, NativeSelect, Paper, Stack, Table, Text } from "@mantine/core";
import { CircleCheck } from "lucide-react";
import { Link } from "wouter";
import type { UnbilledUsage } from "../../../../client/switchboard.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { money } from "../../platform/money.ts";
import { CsvButton } from "../lists/csv-button.tsx";
import { Paged } from "../lists/pages.tsx";
import { ScrollTable } from "../lists/scroll-table.tsx";
import { TenantName } from "../lists/tenant-name.tsx";
import { useEmails } from "../lists/use-emails.ts";
import { useUrlQuery } from "../lists/use-url-query.ts";
import { dayLabel, isLate, lastLateDay } from "./days.ts";
import { useUnbilled } from "./use-revenue.ts";
import { KINDS, UNBILLED_STATES } from "./words.ts";

type State = UnbilledUsage["state"];
const STATES = Object.keys(UNBILLED_STATES) as State[];

/** Usage that is not billed yet, the oldest first. */
export function UnbilledTab() {
  const [query, change] = useUrlQuery();
  const state = STATES.find((each) => each === query.get("state"));
  const isLateOnly = query.get("late") === "1";
  const now = new Date();
  const listed = { ...(state !== undefined && { state }), ...(isLateOnly && { lastDay: lastLateDay(now) }) };
  const pages = useUnbilled(listed);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end" gap="sm">
        <Group gap="md" align="end">
          <NativeSelect
            label="State"
            value={state ?? ""}
            data={[
              { value: "", label: "All states" },
              ...STATES.map((value) => ({ value, label: UNBILLED_STATES[value].label })),
            ]}
            onChange={({ currentTarget: { value } }) => change({ state: value === "" ? null : value })}
          />
          <Checkbox
            label="Only what should be billed by now"
            checked={isLateOnly}
            mb={8}
            onChange={({ currentTarget: { checked } }) => change({ late: checked ? "1" : null })}
          />
        </Group>
        <CsvButton list="unbilled" query={listed} />
      </Group>
      <Text size="sm" c="dimmed" maw={760}>
        Usage is rated after its day is over, and sent to Stripe within hours. What is older than three days waits for
        something: its state says for what.
      </Text>
      <Paged
        noun="usage"
        pages={pages}
        itemsOf={({ usage }) => usage}
        empty={
          <EmptyState icon={<CircleCheck />} title={isLateOnly ? "Nothing is late" : "Nothing waits"}>
            {state === undefined ? "All usage that is rated is billed." : "No usage is in this state."}
          </EmptyState>
        }
      >
        {(usage) => <UnbilledRows usage={usage} now={now} />}
      </Paged>
    </Stack>
  );
}

function UnbilledRows({ usage, now }: { usage: readonly UnbilledUsage[]; now: Date }) {
  const emails = useEmails(usage.map(({ userId }) => userId));
  const states = STATES.filter((state) => usage.some((row) => row.state === state));
  return (
    <>
      <Stack component="ul" gap={6} m={0} pl="lg" aria-label="What the states mean">
        {states.map((state) => (
          <Text key={state} component="li" size="sm">
            <b>{UNBILLED_STATES[state].label}.</b> {UNBILLED_STATES[state].meaning} {UNBILLED_STATES[state].next}{" "}
            {state === "waits_for_rate" && (
              <Anchor component={Link} href="/operator/prices/exchange-rates" size="sm" underline="always">
                Exchange rates
              </Anchor>
            )}
          </Text>
        ))}
      </Stack>
      <Paper withBorder radius="lg" p="md">
        <ScrollTable
          label="Usage that is not billed yet"
          minWidth={860}
          columns={["Day of use", "Tenant", "State", "Of", { label: "Amount", isAmount: true }, "Tries and error"]}
        >
          {usage.map((row) => (
            <Table.Tr key={`${row.state} ${row.id} ${row.day}`}>
              <Table.Td style={{ whiteSpace: "nowrap" }}>
                {dayLabel(row.day)} {isLate(row.day, now) && <Badge color="red" variant="light" size="sm">Late</Badge>}
              </Table.Td>
              <Table.Td>
                <TenantName userId={row.userId} emails={emails} />
              </Table.Td>
              <Table.Td>{UNBILLED_STATES[row.state].label}</Table.Td>
              <Table.Td>{row.kind === null ? "Not rated yet" : KINDS[row.kind]}</Table.Td>
              <Table.Td ta="right">
                {row.amount === null || row.currency === null ? "–" : money(row.amount, row.currency)}
              </Table.Td>
              <Table.Td maw={260} style={{ overflowWrap: "anywhere" }}>
                {row.tries === null || row.tries === 0 ? "Not tried" : `${row.tries.toLocaleString()} tried`}
                {row.error !== null && <Text size="xs" c="var(--bad)">{row.error}</Text>}
              </Table.Td>
            </Table.Tr>
          ))}
        </ScrollTable>
      </Paper>
    </>
  );
}
