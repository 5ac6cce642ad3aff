import { Button, Group, Paper, Stack, Table, Text } from "@mantine/core";
import { Plus, RadioTower } from "lucide-react";
import type { CarrierFee } from "../../../../client/switchboard.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { openAction } from "../actions/action-form.tsx";
import { CsvButton } from "../lists/csv-button.tsx";
import { Paged } from "../lists/pages.tsx";
import { ScrollTable } from "../lists/scroll-table.tsx";
import { CarrierFeeForm } from "./carrier-fee-form.tsx";
import { countryName } from "./countries.ts";
import { withValidity } from "./in-force.ts";
import { dayInWords, todayInUtc } from "./today.ts";
import { useCarrierFees } from "./use-prices.ts";
import { ValidityBadge } from "./validity-badge.tsx";

/** What carriers charge on top of Twilio's listed price. */
export function CarrierFeesTab() {
  const pages = useCarrierFees();
  const open = () => openAction("Set a carrier fee", ({ onClose }) => <CarrierFeeForm onClose={onClose} />);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end" gap="sm">
        <Text size="sm" c="dimmed" maw={600}>
          What carriers of a country charge for a segment, or for an MMS, on top of Twilio's listed price. Messages are
          estimated with it until Twilio has priced them. It is in the currency of your Twilio account.
        </Text>
        <Group gap="sm" align="start">
          <CsvButton list="carrier-fees" />
          <Button leftSection={<Plus size={16} aria-hidden />} onClick={open}>Set a fee</Button>
        </Group>
      </Group>
      <Paged
        noun="fees"
        pages={pages}
        itemsOf={({ fees }) => fees}
        empty={
          <EmptyState icon={<RadioTower />} title="No carrier fees">
            Without fees, messages are estimated at Twilio's listed price.
          </EmptyState>
        }
      >
        {(fees) => <Fees fees={fees} />}
      </Paged>
    </Stack>
  );
}

function Fees({ fees }: { fees: readonly CarrierFee[] }) {
  const shown = withValidity(fees, ({ country, channel }) => `${country} ${channel}`, todayInUtc());
  return (
    <Paper withBorder radius="lg" p="md">
      <ScrollTable
        label="Carrier fees"
        minWidth={560}
        columns={["Country", "Channel", { label: "Fee", isAmount: true }, "From (UTC)", "Validity"]}
      >
        {shown.map(({ country, channel, fee, validFrom, validity }) => (
          <Table.Tr key={`${country} ${channel} ${validFrom}`}>
            <Table.Th scope="row" fw={500}>{countryName(country)}</Table.Th>
            <Table.Td>{channel.toUpperCase()}</Table.Td>
            <Table.Td ta="right">{fee}</Table.Td>
            <Table.Td style={{ whiteSpace: "nowrap" }}>{dayInWords(validFrom)}</Table.Td>
            <Table.Td>
              <ValidityBadge validity={validity} />
            </Table.Td>
          </Table.Tr>
        ))}
      </ScrollTable>
    </Paper>
  );
}
