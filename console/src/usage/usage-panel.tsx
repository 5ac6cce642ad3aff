import { Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { ChartColumn, Download } from "lucide-react";
import type { Usage } from "../../../client/switchboard.ts";
import { RangePicker } from "../charts/range-picker.tsx";
import { type Range, rangeInWords, stepOf } from "../charts/range.ts";
import { StackedDays } from "../charts/stacked-days.tsx";
import { EmptyState } from "../platform/empty-state.tsx";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";
import { moneyOf, shortMoneyOf } from "./amounts.ts";
import { KindTable } from "./kind-table.tsx";
import { freshnessOf } from "./notes.ts";
import { chartOf, type Measure } from "./series.ts";
import { PRESETS, type UsageChoice, useUsageChoice } from "./usage-query.ts";
import { useRangeUsage, useUsageDownload } from "./use-range-usage.ts";

/** The usage of a range: its course as bars, its sums by kind, and how complete they are. */
export function UsagePanel({ range, choice }: { range: Range | null; choice: UsageChoice }) {
  const { change } = useUsageChoice();
  const { data, error, refetch, isPlaceholderData } = useRangeUsage(range);
  const file = useUsageDownload();
  // A report of the range before is in view until the chosen one is there.
  const shown = data === undefined ? null : { from: data.from, until: data.until };
  return (
    <Panel
      title="Usage"
      description="In your prices. Days are in UTC"
      aside={
        <Group gap="xs">
          <RangePicker
            choice={choice.range}
            range={range}
            presets={PRESETS}
            onChange={(chosen) => change({ range: chosen })}
          />
          <Button
            variant="default"
            leftSection={<Download size={16} aria-hidden />}
            disabled={range === null}
            loading={file.isPending}
            onClick={() => range !== null && file.mutate(range)}
          >
            Download CSV
          </Button>
        </Group>
      }
    >
      <Stack gap="md">
        {file.error !== null && <FailureAlert error={file.error} />}
        {error !== null && (data === undefined || isPlaceholderData) && (
          <LoadFailure
            error={error}
            onRetry={() => void refetch()}
          />
        )}
        {data === undefined && error === null && <Loading h={280} label="Loading your usage" />}
        {data !== undefined && shown !== null && !(isPlaceholderData && error !== null) && (
          <div aria-busy={isPlaceholderData} style={{ opacity: isPlaceholderData ? 0.5 : 1 }}>
            <Report usage={data} range={shown} choice={choice} onChange={change} />
          </div>
        )}
      </Stack>
    </Panel>
  );
}

interface ReportProps {
  usage: Usage;
  range: Range;
  choice: UsageChoice;
  onChange: (change: Partial<UsageChoice>) => void;
}

function Report({ usage, range, choice: { measure, currency: wanted }, onChange }: ReportProps) {
  if (usage.totals.length === 0) {
    return (
      <EmptyState icon={<ChartColumn />} title="No usage on these days">
        Messages and the monthly fees of numbers appear here at once.
      </EmptyState>
    );
  }
  const currencies = usage.prices.toSorted((a, b) => b.price - a.price).map(({ currency }) => currency);
  const currency = currencies.find((each) => codeOf(each) === wanted) ?? currencies[0] ?? null;
  const step = stepOf(range);
  const chart = chartOf(usage.usage, range, step, measure, currency);
  const [format, axis] = measure === "cost"
    ? [moneyOf(currency), shortMoneyOf(currency)]
    : [whole, (value: number) => compact.format(value)];
  return (
    <Stack gap="md">
      <Group gap="sm">
        <SegmentedControl<Measure>
          aria-label="What the bars show"
          value={measure}
          data={[{ value: "cost", label: "Cost" }, { value: "messages", label: "Messages" }]}
          onChange={(value) => onChange({ measure: value })}
        />
        {measure === "cost" && currencies.length > 1 && (
          <SegmentedControl
            aria-label="Currency"
            value={codeOf(currency)}
            data={currencies.map((each) => ({ value: codeOf(each), label: each ?? "Estimates" }))}
            onChange={(value) => onChange({ currency: value })}
          />
        )}
      </Group>
      {chart.series.length === 0
        ? (
          <Text size="sm" c="dimmed">
            {measure === "cost" ? "No costs on these days" : "No messages on these days"}
          </Text>
        )
        : (
          <StackedDays
            label={`${measure === "cost" ? "Cost" : "Messages"} by ${step} and kind, ${rangeInWords(range)}`}
            series={chart.series}
            rows={chart.rows}
            format={format}
            axis={axis}
          />
        )}
      <KindTable usage={usage} />
      <div>
        {freshnessOf(usage.freshness).map((sentence) => <Text key={sentence} size="sm" c="dimmed">{sentence}.</Text>)}
      </div>
    </Stack>
  );
}

const codeOf = (currency: string | null) => currency ?? "none";
const number = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: "compact" });
const whole = (value: number) => number.format(value);
