import { BarChart } from "@mantine/charts";
import type { StackedDaysProps } from "./shapes.ts";

/** The chart itself, with its library: loaded when the first chart is shown. */
export function StackedDaysChart({ series, rows, format, height }: Required<StackedDaysProps>) {
  return (
    <BarChart
      h={height}
      data={rows.map(({ at, values }) => ({ at, ...values }))}
      dataKey="at"
      type="stacked"
      series={series.map(({ name, label, color }) => ({ name, label, color }))}
      valueFormatter={format}
      tickLine="none"
      gridAxis="y"
      withLegend
      barProps={{ isAnimationActive: false }}
    />
  );
}
