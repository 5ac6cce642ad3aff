import { SegmentedControl, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import type { TenantUsageDays, TenantView } from "../../../../client/switchboard.ts";
import { PALETTE } from "../../charts/palette.ts";
import { StackedDays } from "../../charts/stacked-days.tsx";
import { useBackend } from "../../platform/backend.tsx";
import { longDate } from "../../platform/dates.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { Fact, Facts } from "../../platform/facts.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { money } from "../../platform/money.ts";
import { TenantCsv } from "../lists/csv-button.tsx";
import { Subject } from "./subject.tsx";
import { type Chart, chartsOf, KIND_LABELS, type Measure, MEASURES, type UsageKind } from "./usage-days.ts";
import { useParameter } from "./use-parameter.ts";
import { keyOf } from "./use-tenant.ts";

const MEASURE_LABELS: Readonly<Record<Measure, string>> = { price: "Price", cost: "Cost", count: "Messages" };

const [SENT, RECEIVED, SENT_MEDIA, RECEIVED_MEDIA, NUMBERS, FEES] = PALETTE;
const COLORS: Readonly<Record<UsageKind, string>> = {
  sms_out: SENT,
  sms_in: RECEIVED,
  mms_out: SENT_MEDIA,
  mms_in: RECEIVED_MEDIA,
  number: NUMBERS,
  fee: FEES,
};

/** What a tenant uses: the last 30 days, the billing period, what is left, and what Twilio has counted. */
export function UsageTab({ view }: { view: TenantView }) {
  const { userId } = view.tenant;
  const { switchboard: { admin } } = useBackend();
  const { data, error, refetch } = useQuery({
    queryKey: [...keyOf(userId), "usage"],
    queryFn: () => admin.tenantUsage(userId),
    meta: { isAside: true },
  });
  return (
    <>
      <Subject title="The last 30 days" aside={<TenantCsv userId={userId} part="usage" />}>
        {data !== undefined
          ? <Charts usage={data} />
          : error !== null
          ? <LoadFailure error={error} onRetry={() => void refetch()} />
          : <Loading h={300} label="Loading the usage" />}
      </Subject>
      <Period view={view} currency={currencyOf(data)} />
      <AtTwilio view={view} />
    </>
  );
}

function Charts({ usage }: { usage: TenantUsageDays }) {
  const [measure, setMeasure] = useParameter("show", MEASURES, "price");
  const charts = chartsOf(usage, measure);
  if (usage.days.length === 0) {
    return (
      <EmptyState icon={<ChartColumn />} title="No usage">
        They sent and received nothing, and have no numbers.
      </EmptyState>
    );
  }
  return (
    <Stack gap="md">
      <SegmentedControl
        aria-label="What the chart shows"
        className="segments-wrap"
        value={measure}
        onChange={(value) => setMeasure(value as Measure)}
        data={MEASURES.map((value) => ({ value, label: MEASURE_LABELS[value] }))}
      />
      {charts.length === 0 && <Text size="sm" c="dimmed">No messages in these days.</Text>}
      {charts.map((chart) => <OneChart key={chart.currency ?? "estimate"} chart={chart} measure={measure} />)}
    </Stack>
  );
}

function OneChart({ chart: { currency, kinds, rows, total }, measure }: { chart: Chart; measure: Measure }) {
  const format = (value: number) =>
    measure === "count" || currency === null
      ? new Intl.NumberFormat(undefined, { maximumFractionDigits: 5 }).format(value)
      : money(value.toFixed(5), currency);
  const what = measure === "count"
    ? `${format(total)} ${total === 1 ? "message" : "messages"}`
    : `${format(total)} ${measure === "price" ? "of the tenant's price" : "of Twilio's cost"}`;
  return (
    <div>
      <Text size="sm" mb="xs">
        {what}
        {currency === null && measure !== "count" && ", an estimate: Twilio has priced nothing yet"}
      </Text>
      <StackedDays
        label={`${MEASURE_LABELS[measure]} by day${currency === null ? "" : ` in ${currency}`}`}
        series={kinds.map((kind) => ({ name: kind, label: KIND_LABELS[kind], color: COLORS[kind] }))}
        rows={rows}
        format={format}
      />
    </div>
  );
}

/** The one currency of a tenant's usage; null where there are several or none. */
function currencyOf(usage: TenantUsageDays | undefined): string | null {
  const known = new Set((usage?.days ?? []).map(({ currency }) => currency));
  return known.size === 1 ? [...known][0]! : null;
}

function Period({ view: { usage, billing }, currency }: { view: TenantView; currency: string | null }) {
  const amount = (value: number) =>
    currency === null
      ? new Intl.NumberFormat(undefined, { maximumFractionDigits: 5 }).format(value)
      : money(value.toFixed(5), currency);
  const count = (value: number) => `${new Intl.NumberFormat().format(value)} messages`;
  return (
    <Subject title="The billing period">
      <Facts>
        <Fact label="Period">{longDate(usage.periodStart)} to {longDate(usage.periodEnd)}</Fact>
        <Fact label="Sent">{count(usage.messages)}</Fact>
        <Fact label="Price">{amount(usage.price)}</Fact>
        <Fact label="Twilio's cost">{amount(usage.cost)}, by our own count</Fact>
        <Fact label="Left today">{count(usage.remaining.daily)}</Fact>
        <Fact label="Left this month">{count(usage.remaining.monthly)}</Fact>
        <Fact label="Left to spend">{amount(usage.remaining.spend)}</Fact>
        <Fact label="Markup">{billing.ownMarkup === null ? "The plan's" : `${billing.ownMarkup}, of their own`}</Fact>
      </Facts>
    </Subject>
  );
}

function AtTwilio({ view: { usage: { atTwilio } } }: { view: TenantView }) {
  return (
    <Subject title="Counted by Twilio in the period">
      {atTwilio.length === 0
        ? <Text size="sm" c="dimmed">Twilio has reported nothing yet. It counts with a delay of some hours.</Text>
        : (
          <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table aria-label="Counted by Twilio" fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Category</Table.Th>
                  <Table.Th ta="right">Count</Table.Th>
                  <Table.Th ta="right">Usage</Table.Th>
                  <Table.Th ta="right">Cost</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody className="digits">
                {atTwilio.map((row) => (
                  <Table.Tr key={`${row.category} ${row.unit}`}>
                    <Table.Td>{row.category}</Table.Td>
                    <Table.Td ta="right">{row.count}</Table.Td>
                    <Table.Td ta="right">{row.usage}</Table.Td>
                    <Table.Td ta="right">{money(row.cost, row.unit)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      <Text size="xs" c="dimmed" mt="xs">Some categories contain others, so the costs are not added.</Text>
    </Subject>
  );
}
