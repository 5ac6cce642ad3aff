import { Table } from "@mantine/core";
import type { ReactNode } from "react";

/** A table that scrolls sideways inside its own region, which the keyboard reaches. Numbers are in its right columns. */
export function TableRegion({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="table-region" role="region" aria-label={label} tabIndex={0}>
      <Table className="digits" verticalSpacing="xs" horizontalSpacing="sm">{children}</Table>
    </div>
  );
}
