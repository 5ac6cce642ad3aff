import { Table } from "@mantine/core";
import type { Usage } from "../../../client/switchboard.ts";
import { KIND_LABELS } from "../../../supabase/functions/_shared/billing/kind-labels.ts";
import { PALETTE } from "../charts/palette.ts";
import { moneyOf } from "./amounts.ts";
import { KINDS, MESSAGE_KINDS } from "./series.ts";
import { TableRegion } from "./table-region.tsx";

const number = new Intl.NumberFormat();

/** The sums of a range by kind, and altogether by currency: amounts of two currencies are never added. */
export function KindTable({ usage: { totals, prices } }: { usage: Usage }) {
  const rows = totals.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  return (
    <TableRegion label="Cost by kind">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">Kind</Table.Th>
          <Table.Th scope="col" className="amount">Count</Table.Th>
          <Table.Th scope="col" className="amount">Segments</Table.Th>
          <Table.Th scope="col" className="amount">Cost</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(({ kind, currency, count, segments, price }) => (
          <Table.Tr key={`${kind} ${currency}`}>
            <Table.Th scope="row" fw={400}>
              <span className="kind-color" style={{ background: colorOf(kind) }} aria-hidden />
              {KIND_LABELS[kind]}
            </Table.Th>
            <Table.Td className="amount">{number.format(count)}</Table.Td>
            <Table.Td className="amount">{MESSAGE_KINDS.has(kind) ? number.format(segments) : "–"}</Table.Td>
            <Table.Td className="amount">{moneyOf(currency)(price)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
      <Table.Tfoot>
        {prices.map(({ currency, price }) => (
          <Table.Tr key={currency}>
            <Table.Th scope="row">{prices.length > 1 ? `Total in ${currency ?? "estimates"}` : "Total"}</Table.Th>
            <Table.Td />
            <Table.Td />
            <Table.Td className="amount">{moneyOf(currency)(price)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tfoot>
    </TableRegion>
  );
}

/** The color of a kind in the chart. */
function colorOf(kind: (typeof KINDS)[number]): string {
  const [name, shade] = PALETTE[KINDS.indexOf(kind)]!.split(".");
  return `var(--mantine-color-${name}-${shade})`;
}
