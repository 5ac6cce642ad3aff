import { CompositeChart } from "@mantine/charts";
import type { MarginMonthsProps } from "./margin-shape.ts";

/** The chart itself, with its library: loaded when the first chart is shown. */
export function MarginMonthsChart({ months, format, height }: Required<MarginMonthsProps>) {
  return (
    <CompositeChart
      h={height}
      data={months.map((month) => ({ ...month }))}
      dataKey="label"
      series={[
        { name: "revenue", label: "Revenue", color: "indigo.6", type: "bar" },
        { name: "cost", label: "Cost", color: "gray.6", type: "bar" },
        { name: "margin", label: "Margin", color: "orange.7", type: "line" },
      ]}
      valueFormatter={format}
      tickLine="none"
      gridAxis="x"
      // Nothing that is hidden from screen readers may take the focus.
      accessibilityLayer={false}
      xAxisProps={{ minTickGap: 16 }}
      yAxisProps={{ width: "auto" }}
      curveType="linear"
      maxBarWidth={32}
      barProps={{ isAnimationActive: false }}
      lineProps={{ isAnimationActive: false }}
      withLegend
      legendProps={{ verticalAlign: "bottom", itemSorter: null }}
    />
  );
}
