import { Anchor, Badge, Button, Group, List, Stack, Table, Text, ThemeIcon } from "@mantine/core";
import { ArrowLeft, Check, Clock, Download, Printer, X } from "lucide-react";
import { Link } from "wouter";
import type { StatementDetails } from "../../../client/switchboard.ts";
import { KIND_LABELS } from "../../../supabase/functions/_shared/billing/kind-labels.ts";
import { shortLabel } from "../charts/day-labels.ts";
import { isFailure } from "../platform/failure.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { money } from "../platform/money.ts";
import { Panel } from "../platform/panel.tsx";
import { KINDS, MESSAGE_KINDS } from "./series.ts";
import {
  amountOf,
  type Check as Checked,
  checksOf,
  noteOf,
  periodInWords,
  STATUSES,
  sumsOf,
  titleOf,
} from "./statement.ts";
import { TableRegion } from "./table-region.tsx";
import { useStatement, useStatementDownload, useStatementPrint } from "./use-statements.ts";

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const whole = (value: number) => number.format(value);

/** One statement, line by line. */
export function StatementView({ id }: { id: string }) {
  const { data, error, refetch } = useStatement(id);
  const isMissing = isFailure(error) && (error.status === 404 || error.status === 400);
  return (
    <Stack gap="lg">
      <div>
        <Button
          component={Link}
          href="/usage?tab=statements"
          variant="subtle"
          size="compact-sm"
          leftSection={<ArrowLeft size={15} aria-hidden />}
        >
          All statements
        </Button>
      </div>
      {data === undefined && error === null && <Loading h={320} radius="lg" label="Loading the statement" />}
      {data === undefined && isMissing && <Text>There is no such statement of yours.</Text>}
      {data === undefined && error !== null && !isMissing && (
        <LoadFailure
          error={error}
          onRetry={() => void refetch()}
        />
      )}
      {data !== undefined && (
        <>
          <Summary statement={data} />
          <Totals statement={data} />
          {data.invoices.some(({ lines }) => lines.length > 0) && <InvoiceLines statement={data} />}
          <Lines statement={data} />
        </>
      )}
    </Stack>
  );
}

function Summary({ statement }: { statement: StatementDetails }) {
  const print = useStatementPrint();
  const file = useStatementDownload();
  const { currency, units, pendingUnits, isTrial, invoices } = statement;
  const status = STATUSES[statement.status];
  const error = print.error ?? file.error;
  return (
    <Panel
      title={titleOf(statement)}
      description={`${periodInWords(statement)} (UTC)`}
      aside={
        <Group gap="xs">
          <Button
            variant="default"
            leftSection={<Printer size={16} aria-hidden />}
            loading={print.isPending}
            onClick={() => print.mutate(statement.id)}
          >
            Print
          </Button>
          <Button
            variant="default"
            leftSection={<Download size={16} aria-hidden />}
            loading={file.isPending}
            onClick={() => file.mutate(statement)}
          >
            Download CSV
          </Button>
        </Group>
      }
    >
      <Stack gap="md">
        {error !== null && <FailureAlert error={error} />}
        <div className="period-amounts">
          <div>
            <Text size="sm" fw={600}>Usage, without taxes</Text>
            <Group gap="sm">
              <Text fz={26} fw={650} lh={1.3} className="digits">{money(amountOf(units), currency)}</Text>
              <Badge variant="light" color={status.color} radius="sm">{status.label}</Badge>
              {isTrial && <Badge variant="light" color="gray" radius="sm">Free trial</Badge>}
            </Group>
            <Text size="sm" c="dimmed">{status.text}.</Text>
            {pendingUnits > 0 && (
              <Text size="sm" c="dimmed">
                {money(amountOf(pendingUnits), currency)} of it is not sent to Stripe yet.
              </Text>
            )}
          </div>
          <div>
            <Text size="sm" fw={600}>{invoices.length > 1 ? "Invoices" : "Invoice"}</Text>
            {invoices.length === 0 && <Text size="sm" c="dimmed">None yet: it follows at the end of the period.</Text>}
            {invoices.map((invoice) => (
              <Text key={invoice.id} size="sm">
                {invoice.url === null
                  ? invoice.number ?? "Without a number yet"
                  : (
                    <Anchor href={invoice.url} target="_blank" rel="noreferrer" underline="always">
                      {invoice.number ?? "Without a number yet"}
                    </Anchor>
                  )}
                {invoice.status !== null && `, ${invoice.status}`}
                {invoice.total !== null && `, ${money(invoice.total, currency)} with the plan and taxes`}
              </Text>
            ))}
          </div>
        </div>
        <List spacing={6} size="sm" listStyleType="none" className="checks">
          {checksOf(statement).map((check) => <CheckItem key={check.text} check={check} />)}
        </List>
      </Stack>
    </Panel>
  );
}

function CheckItem({ check: { isSo, text } }: { check: Checked }) {
  const [Icon, color] = isSo === null
    ? [Clock, "gray"] as const
    : isSo
    ? [Check, "exchange"] as const
    : [X, "red"] as const;
  return (
    <List.Item
      icon={
        <ThemeIcon size={20} radius="xl" variant="light" color={color} aria-hidden>
          <Icon size={13} />
        </ThemeIcon>
      }
    >
      {text}
    </List.Item>
  );
}

function Totals({ statement: { totals, currency } }: { statement: StatementDetails }) {
  const sums = sumsOf(totals);
  const rows = totals.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  const later = rows.some(({ othersUnits }) => othersUnits !== 0);
  return (
    <Panel title="Totals">
      {rows.length === 0 ? <Text size="sm" c="dimmed">No usage in this period yet</Text> : (
        <Stack gap="xs">
          <TableRegion label="Totals by kind">
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">Kind</Table.Th>
                {["Count", "Segments", "Price", "Included", "Billed"].map((name) => (
                  <Table.Th key={name} scope="col" className="amount">{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(({ kind, count, segments, price, included, units }) => (
                <Table.Tr key={kind}>
                  <Table.Th scope="row" fw={400}>{KIND_LABELS[kind]}</Table.Th>
                  <Table.Td className="amount">{whole(count)}</Table.Td>
                  <Table.Td className="amount">{MESSAGE_KINDS.has(kind) ? whole(segments) : "–"}</Table.Td>
                  <Table.Td className="amount">{money(price, currency)}</Table.Td>
                  <Table.Td className="amount">{money(included, currency)}</Table.Td>
                  <Table.Td className="amount">{money(amountOf(units), currency)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
            <Table.Tfoot>
              <Table.Tr>
                <Table.Th scope="row">Total</Table.Th>
                <Table.Td />
                <Table.Td />
                <Table.Td className="amount">{money(sums.price, currency)}</Table.Td>
                <Table.Td className="amount">{money(sums.included, currency)}</Table.Td>
                <Table.Td className="amount">{money(amountOf(sums.units), currency)}</Table.Td>
              </Table.Tr>
            </Table.Tfoot>
          </TableRegion>
          <Text size="sm" c="dimmed">
            Usage is billed in units of{" "}
            {money(0.0001, currency)}. What is less than a unit is carried to the next usage of its kind.{later &&
              " The same invoice also bills usage of another account with your payment details."}
          </Text>
        </Stack>
      )}
    </Panel>
  );
}

function InvoiceLines({ statement: { invoices, currency } }: { statement: StatementDetails }) {
  return (
    <Panel title="On the invoice">
      <TableRegion label="Usage on the invoice">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Invoice</Table.Th>
            <Table.Th scope="col">Kind</Table.Th>
            {["Exactly", "Rounding", "Billed"].map((name) => (
              <Table.Th key={name} scope="col" className="amount">{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {invoices.flatMap(({ id, number: name, lines }) =>
            lines.map(({ kind, quantity, amount, rounding }, index) => (
              <Table.Tr key={`${id} ${index}`}>
                <Table.Th scope="row" fw={400}>{name ?? "Without a number yet"}</Table.Th>
                <Table.Td>{kind === null ? "Usage" : KIND_LABELS[kind]}</Table.Td>
                <Table.Td className="amount">{quantity === null ? "–" : money(amountOf(quantity), currency)}</Table.Td>
                <Table.Td className="amount">{rounding === null ? "–" : money(rounding, currency)}</Table.Td>
                <Table.Td className="amount">{money(amount, currency)}</Table.Td>
              </Table.Tr>
            ))
          )}
        </Table.Tbody>
      </TableRegion>
    </Panel>
  );
}

function Lines({ statement: { lines, currency } }: { statement: StatementDetails }) {
  if (lines.length === 0) return null;
  return (
    <Panel title="Lines" description="By UTC day and kind, with corrections and late usage">
      <TableRegion label="Lines of the statement">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Day</Table.Th>
            <Table.Th scope="col">Kind</Table.Th>
            {["Count", "Segments", "Price", "Included", "Billed"].map((name) => (
              <Table.Th key={name} scope="col" className="amount">{name}</Table.Th>
            ))}
            <Table.Th scope="col">Note</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map((line, index) => (
            <Table.Tr key={index}>
              <Table.Th scope="row" fw={400}>{shortLabel(line.day)}</Table.Th>
              <Table.Td>{KIND_LABELS[line.kind]}</Table.Td>
              <Table.Td className="amount">{whole(line.count)}</Table.Td>
              <Table.Td className="amount">{MESSAGE_KINDS.has(line.kind) ? whole(line.segments) : "–"}</Table.Td>
              <Table.Td className="amount">{money(line.price, currency)}</Table.Td>
              <Table.Td className="amount">{money(line.included, currency)}</Table.Td>
              <Table.Td className="amount">{money(amountOf(line.units), currency)}</Table.Td>
              <Table.Td>{noteOf(line)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </TableRegion>
    </Panel>
  );
}
