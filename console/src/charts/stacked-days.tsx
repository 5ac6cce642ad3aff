import { Skeleton, VisuallyHidden } from "@mantine/core";
import { Suspense } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { part } from "../platform/part.tsx";
import { columnName, longLabel } from "./day-labels.ts";
import type { StackedDaysProps } from "./shapes.ts";

const Chart = part(() => import("./stacked-days-chart.tsx").then(({ StackedDaysChart }) => StackedDaysChart));
const written = (value: number) => new Intl.NumberFormat().format(value);

/** Stacked bars, one for each day or month, and the same as a table for screen readers. */
export function StackedDays({ format = written, axis = format, height = 280, ...props }: StackedDaysProps) {
  const { label, series, rows } = props;
  return (
    <>
      <div aria-hidden style={{ minHeight: height }}>
        <ErrorBoundary fallback={null} onError={(error) => console.error(error)}>
          <Suspense fallback={<Skeleton h={height} />}>
            <Chart {...props} format={format} axis={axis} height={height} />
          </Suspense>
        </ErrorBoundary>
      </div>
      <VisuallyHidden>
        <table>
          <caption>{label}</caption>
          <thead>
            <tr>
              <th scope="col">{columnName(rows)}</th>
              {series.map(({ name, label }) => <th key={name} scope="col">{label}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ at, values }) => (
              <tr key={at}>
                <th scope="row">{longLabel(at)}</th>
                {series.map(({ name }) => <td key={name}>{format(values[name] ?? 0)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </>
  );
}
