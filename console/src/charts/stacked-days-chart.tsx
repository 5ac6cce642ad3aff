import { BarChart } from "@mantine/charts";
import { longLabel, shortLabel } from "./day-labels.ts";
import type { StackedDaysProps } from "./shapes.ts";

/** The chart itself, with its library: loaded when the first chart is shown. */
export function StackedDaysChart({ series, rows, format, axis, height }: Required<StackedDaysProps>) {
  return (
    <BarChart
      h={height}
      data={rows.map(({ at, values }) => ({ at, ...values }))}
      dataKey="at"
      type="stacked"
      series={series.map(({ name, label, color }) => ({ name, label, color }))}
      valueFormatter={format}
      tickLine="none"
      gridAxis="x"
      // The chart is hidden from screen readers, which have its table: nothing in it may take the focus.
      accessibilityLayer={false}
      xAxisProps={{ tickFormatter: shortLabel, minTickGap: 16 }}
      yAxisProps={{ tickFormatter: axis, width: "auto", allowDecimals: true }}
      tooltipProps={{ labelFormatter: (at) => longLabel(String(at)) }}
      withLegend
      // In the order of the bars, from the bottom.
      legendProps={{ verticalAlign: "bottom", itemSorter: null }}
      maxBarWidth={48}
      // A line in the color of the panel separates what lies on another.
      barProps={{ isAnimationActive: false, stroke: "var(--surface)", strokeWidth: 1, strokeOpacity: 1 }}
    />
  );
}
