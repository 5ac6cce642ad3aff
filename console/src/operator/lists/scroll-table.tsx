import { Box, Table } from "@mantine/core";
import type { ReactNode } from "react";

export interface ScrollTableProps {
  /** What the table shows: the name of its region. */
  label: string;
  /** The names of the columns. Those of amounts are on the right. */
  columns: readonly (string | { label: string; isAmount: true })[];
  /** Below this width in pixels the table scrolls inside its region. */
  minWidth: number;
  /** Rows. */
  children: ReactNode;
}

/** A shadow at the side where there is more. The first two layers move with the content and cover it at the ends. */
const SHADOWS = {
  backgroundImage: "linear-gradient(to right, var(--surface), var(--surface)), " +
    "linear-gradient(to left, var(--surface), var(--surface)), " +
    "linear-gradient(to right, var(--line), transparent), linear-gradient(to left, var(--line), transparent)",
  backgroundPosition: "left, right, left, right",
  backgroundSize: "18px 100%, 18px 100%, 14px 100%, 14px 100%",
  backgroundRepeat: "no-repeat",
  backgroundAttachment: "local, local, scroll, scroll",
} as const;

/** A table that scrolls in its own region where a window is too narrow, also by keyboard. */
export function ScrollTable({ label, columns, minWidth, children }: ScrollTableProps) {
  return (
    <Box role="region" aria-label={label} tabIndex={0} style={{ overflowX: "auto", ...SHADOWS }}>
      <Table miw={minWidth} verticalSpacing="xs" horizontalSpacing="sm" className="digits">
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => {
              const [name, align] = typeof column === "string" ? [column, "left"] : [column.label, "right"];
              return (
                <Table.Th key={name} scope="col" style={{ textAlign: align as "left" | "right" }}>{name}</Table.Th>
              );
            })}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Box>
  );
}
