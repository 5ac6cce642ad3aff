import { Alert, Anchor, Button, Group, Paper, Stack, Table, Text } from "@mantine/core";
import { ArrowLeftRight, Plus, TriangleAlert } from "lucide-react";
import { Link } from "wouter";
import type { ListedExchangeRate } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { openAction } from "../actions/action-form.tsx";
import { CsvButton } from "../lists/csv-button.tsx";
import { Paged } from "../lists/pages.tsx";
import { ScrollTable } from "../lists/scroll-table.tsx";
import { ExchangeRateForm } from "./exchange-rate-form.tsx";
import { withValidity } from "./in-force.ts";
import { dayInWords, todayInUtc } from "./today.ts";
import { useExchangeRates, useWaitsForRate } from "./use-prices.ts";
import { ValidityBadge } from "./validity-badge.tsx";

/** What Twilio's currency is worth in those of the plans. */
export function ExchangeRatesTab() {
  const pages = useExchangeRates();
  const { data: waitsSince } = useWaitsForRate();
  const open = () => openAction("Set an exchange rate", ({ onClose }) => <ExchangeRateForm onClose={onClose} />);
  return (
    <Stack gap="lg">
      {typeof waitsSince === "string" && (
        <Alert color="orange" variant="light" icon={<TriangleAlert />} title="Usage waits for an exchange rate">
          The oldest is of{" "}
          {dayInWords(waitsSince)}. It is rated as soon as a rate is set that begins on that day or before.{" "}
          <Anchor component={Link} href="/operator/revenue/unbilled?state=waits_for_rate" size="sm">Show it</Anchor>
        </Alert>
      )}
      <Group justify="space-between" align="end" gap="sm">
        <Text size="sm" c="dimmed" maw={600}>
          What one unit of the currency in which Twilio charges is worth in the currency of a plan. Usage keeps the rate
          with which it was rated, also when the rate is corrected later.
        </Text>
        <Group gap="sm" align="start">
          <CsvButton list="exchange-rates" />
          <Button leftSection={<Plus size={16} aria-hidden />} onClick={open}>Set a rate</Button>
        </Group>
      </Group>
      <Paged
        noun="rates"
        pages={pages}
        itemsOf={({ rates }) => rates}
        empty={
          <EmptyState icon={<ArrowLeftRight />} title="No exchange rates">
            None is needed while all plans are in the currency in which Twilio charges.
          </EmptyState>
        }
      >
        {(rates) => <Rates rates={rates} />}
      </Paged>
    </Stack>
  );
}

function Rates({ rates }: { rates: readonly ListedExchangeRate[] }) {
  const shown = withValidity(rates, ({ unit, currency }) => `${unit} ${currency}`, todayInUtc());
  return (
    <Paper withBorder radius="lg" p="md">
      <ScrollTable label="Exchange rates" minWidth={720} columns={["Rate", "From (UTC)", "Validity", "Reason", "Set"]}>
        {shown.map(({ unit, currency, rate, validFrom, validity, reason, setAt }) => (
          <Table.Tr key={`${unit} ${currency} ${validFrom}`}>
            <Table.Th scope="row" fw={500} style={{ whiteSpace: "nowrap" }}>
              1 {unit} = {rate} {currency.toUpperCase()}
            </Table.Th>
            <Table.Td style={{ whiteSpace: "nowrap" }}>{dayInWords(validFrom)}</Table.Td>
            <Table.Td>
              <ValidityBadge validity={validity} />
            </Table.Td>
            <Table.Td maw={240} style={{ overflowWrap: "anywhere" }}>{reason}</Table.Td>
            <Table.Td style={{ whiteSpace: "nowrap" }}>{dateAndTime(setAt)}</Table.Td>
          </Table.Tr>
        ))}
      </ScrollTable>
    </Paper>
  );
}
