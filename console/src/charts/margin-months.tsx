import { Skeleton } from "@mantine/core";
import { Suspense } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { part } from "../platform/part.tsx";
import type { MarginMonthsProps } from "./margin-shape.ts";

const Chart = part(() => import("./margin-months-chart.tsx").then(({ MarginMonthsChart }) => MarginMonthsChart));

/** Revenue beside cost for each month, and the margin as a line. It is hidden from screen readers: show its table as well. */
export function MarginMonths({ height = 260, ...props }: MarginMonthsProps) {
  return (
    <div aria-hidden style={{ minHeight: height }}>
      <ErrorBoundary fallback={null} onError={(error) => console.error(error)}>
        <Suspense fallback={<Skeleton h={height} />}>
          <Chart {...props} height={height} />
        </Suspense>
      </ErrorBoundary>
    </div>
  );
}
