import { Anchor, Badge, Group, Skeleton, Stack, Text, UnstyledButton } from "@mantine/core";
import { DataTable, type DataTableColumn } from "mantine-datatable";
import "./tenants.css";
import { type MouseEvent, type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Tenant, TenantFigures } from "../../../../client/switchboard.ts";
import { Sparkline } from "../../charts/sparkline.tsx";
import { dateAndTime, timeOrDay } from "../../platform/dates.ts";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { type Amount, marginOf, messagesInWords, sum } from "./amounts.ts";
import { planInWords, statusOf } from "./status.ts";
import { useFigures, usePlanNames } from "./use-tenants.ts";

/** Below this width, the first column says what the columns for which there is no room would. */
const WIDE = "(min-width: 48em)";
const NARROW = "(max-width: 47.99em)";

export interface TenantTableProps {
  pages: readonly { tenants: readonly Tenant[] }[];
  /** The path of a tenant's drawer. */
  pathOf: (userId: string) => string;
}

/** The tenants as a table, which scrolls inside where it is wider than its place. */
export function TenantTable({ pages, pathOf }: TenantTableProps) {
  const [, navigate] = useLocation();
  const figures = useFigures(pages);
  const { data: plans } = usePlanNames();
  const planOf = (tenant: Tenant) => planInWords(tenant, (key) => plans?.get(key) ?? key);
  const amountsOf = (tenant: Tenant, shown: (amount: Amount) => ReactNode) => (
    <Amounts figures={figures.of.get(tenant.userId)} hasFailed={figures.error !== null} shown={shown} />
  );
  const priceOf = (amount: Amount) => sum(amount.price, amount.currency);
  const costOf = (amount: Amount) => sum(amount.cost, amount.currency);

  const columns: DataTableColumn<Tenant>[] = [
    {
      accessor: "email",
      title: "Tenant",
      cellsClassName: "tenant-cell",
      render: (tenant) => (
        <Stack gap={2}>
          <Anchor component={Link} href={pathOf(tenant.userId)} fw={600} size="sm" className="tenant-name">
            {tenant.email ?? "No email address"}
          </Anchor>
          <Text size="xs" c="dimmed" truncate>{tenant.subaccountSid ?? tenant.userId}</Text>
          <Stack gap={4} hiddenFrom="sm" mt={4}>
            <Text size="xs" c="dimmed">{planOf(tenant)}</Text>
            <Status tenant={tenant} />
          </Stack>
        </Stack>
      ),
    },
    {
      accessor: "narrow",
      title: "This period",
      textAlign: "right",
      visibleMediaQuery: NARROW,
      render: (tenant) => (
        <Stack gap={4} align="end">
          {amountsOf(tenant, priceOf)}
          {amountsOf(tenant, (amount) => <Margin amount={amount} />)}
        </Stack>
      ),
    },
    {
      accessor: "plan",
      visibleMediaQuery: WIDE,
      render: (tenant) => <Text size="sm" maw={130} truncate title={planOf(tenant)}>{planOf(tenant)}</Text>,
    },
    {
      accessor: "status",
      visibleMediaQuery: WIDE,
      cellsClassName: "tenant-status",
      render: (tenant) => <Status tenant={tenant} />,
    },
    { accessor: "numbers", textAlign: "right", visibleMediaQuery: WIDE },
    {
      accessor: "price",
      title: "Usage",
      textAlign: "right",
      visibleMediaQuery: WIDE,
      render: (tenant) => amountsOf(tenant, priceOf),
    },
    {
      accessor: "cost",
      textAlign: "right",
      visibleMediaQuery: WIDE,
      render: (tenant) => amountsOf(tenant, costOf),
    },
    {
      accessor: "margin",
      textAlign: "right",
      visibleMediaQuery: WIDE,
      render: (tenant) => amountsOf(tenant, (amount) => <Margin amount={amount} />),
    },
    {
      accessor: "messages",
      title: "30 days",
      visibleMediaQuery: WIDE,
      render: (tenant) => (
        <Stack gap={2}>
          <Messages figures={figures.of.get(tenant.userId)} hasFailed={figures.error !== null} />
          {tenant.lastMessageAt !== null && (
            <Text size="xs" c="dimmed">
              Last message <Moment at={tenant.lastMessageAt} />
            </Text>
          )}
        </Stack>
      ),
    },
  ];

  return (
    <Stack gap="md">
      {figures.error !== null && <LoadFailure error={figures.error} onRetry={figures.retry} />}
      <DataTable<Tenant>
        aria-label="Tenants. Usage, cost and margin are of the billing period"
        className="tenants digits"
        withTableBorder
        borderRadius="lg"
        borderColor="var(--line)"
        rowBorderColor="var(--line)"
        backgroundColor="var(--surface)"
        verticalAlign="top"
        highlightOnHover
        fz="sm"
        defaultColumnProps={{ noWrap: true }}
        pinFirstColumn
        columns={columns}
        records={pages.flatMap(({ tenants }) => tenants)}
        idAccessor="userId"
        // Is on the page also with records, and read aloud. Without any, there is no table.
        emptyState={<span />}
        onRowClick={({ record: { userId }, event }) => isOfRow(event) && navigate(pathOf(userId))}
        scrollAreaProps={{ type: "auto", offsetScrollbars: "present" }}
      />
    </Stack>
  );
}

/** Whether a click is on the row: not on a control in it, and not the end of a selection of text. */
function isOfRow({ target }: MouseEvent): boolean {
  return (target as Element).closest("a, button") === null && (globalThis.getSelection()?.isCollapsed ?? true);
}

function Status({ tenant }: { tenant: Tenant }) {
  const { label, color, wanted, reason } = statusOf(tenant);
  return (
    <Stack gap={4} align="start">
      <Group gap={4} wrap="wrap">
        <Badge variant="light" color={color} size="sm">{label}</Badge>
        {tenant.isUnpaid && <Badge variant="light" color="red" size="sm">Unpaid</Badge>}
        {tenant.isOverLimit && <Badge variant="light" color="orange" size="sm">Over limit</Badge>}
      </Group>
      {wanted !== null && <Text size="xs" fw={600}>{wanted}</Text>}
      {reason !== null && <Text size="xs" c="dimmed">{reason}</Text>}
      {tenant.lastError !== null && <LastError text={tenant.lastError} />}
    </Stack>
  );
}

/** An error that is longer than this is cut off until it is opened. */
const SHORT_ERROR = 60;

function LastError({ text }: { text: string }) {
  const [isOpen, setOpen] = useState(false);
  const isLong = text.length > SHORT_ERROR;
  return (
    <Text size="xs" c="var(--bad)" className="tenant-error">
      {isLong && !isOpen ? `${text.slice(0, SHORT_ERROR).trimEnd()}… ` : `${text} `}
      {isLong && (
        <UnstyledButton
          className="tenant-error-more"
          aria-expanded={isOpen}
          aria-label={isOpen ? "Show less of the error" : "Show more of the error"}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? "less" : "more"}
        </UnstyledButton>
      )}
    </Text>
  );
}

interface FiguresProps {
  figures: TenantFigures | undefined;
  hasFailed: boolean;
}

/** A line for each currency: amounts of two are never added. */
function Amounts({ figures, hasFailed, shown }: FiguresProps & { shown: (amount: Amount) => ReactNode }) {
  if (figures === undefined) return hasFailed ? <Nothing what="Not read" /> : <Skeleton h={16} w={48} ml="auto" />;
  if (figures.amounts.length === 0) return <Nothing what="No usage" />;
  return figures.amounts.map((amount) => <div key={amount.currency}>{shown(amount)}</div>);
}

function Margin({ amount }: { amount: Amount }) {
  const { text, share, isLoss } = marginOf(amount);
  return (
    <Text span size="sm" c={isLoss ? "var(--bad)" : "inherit"}>
      {text}
      {share !== null && <Text span size="xs" c={isLoss ? "var(--bad)" : "dimmed"}>{` ${share}`}</Text>}
    </Text>
  );
}

function Messages({ figures, hasFailed }: FiguresProps) {
  if (figures === undefined) return hasFailed ? <Nothing what="Not read" /> : <Skeleton h={24} w={96} />;
  const { messages } = figures;
  if (messages.every((count) => count === 0)) return <Nothing what="No messages" />;
  return <Sparkline label={messagesInWords(messages)} values={messages} />;
}

/** A dash, which screen readers say in words. */
function Nothing({ what }: { what: string }) {
  return <Text span size="sm" c="dimmed" role="img" aria-label={what} title={what}>–</Text>;
}

function Moment({ at }: { at: string }) {
  return <time dateTime={at} title={dateAndTime(at)}>{timeOrDay(at)}</time>;
}
