import { Table } from "@mantine/core";
import { money } from "../../platform/money.ts";
import { marginRate, type Sums, written } from "./sums.ts";

const amount = (label: string) => ({ label, isAmount: true as const });

/** The columns of `AmountCells`. */
export const AMOUNT_COLUMNS = ["Revenue", "Not billed yet", "Lost", "Cost", "Margin", "Rate"].map(amount);

const share = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

/** `42.5%` */
export function percent(rate: number): string {
  return share.format(rate);
}

/** The amounts of one line. A negative margin is red and has a minus. */
export function AmountCells({ sums, currency, decimals, isStrong = false }: {
  sums: Sums;
  currency: string;
  decimals: number;
  isStrong?: boolean;
}) {
  const shown = written(sums, decimals);
  const rate = marginRate(shown);
  const values = [shown.revenue, shown.unbilled, shown.lost, shown.cost, shown.margin];
  return (
    <>
      {values.map((value, index) => (
        <Table.Td
          key={index}
          ta="right"
          fw={isStrong ? 650 : undefined}
          style={{ whiteSpace: "nowrap", ...(index === 4 && value < 0 && { color: "var(--bad)" }) }}
        >
          {money(value, currency, decimals)}
        </Table.Td>
      ))}
      <Table.Td ta="right" fw={isStrong ? 650 : undefined}>{rate === null ? "–" : percent(rate)}</Table.Td>
    </>
  );
}
