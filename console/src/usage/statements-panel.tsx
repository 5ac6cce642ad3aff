import { Badge, Button, Center, Text } from "@mantine/core";
import { FileText } from "lucide-react";
import { Link } from "wouter";
import type { Statement } from "../../../client/switchboard.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { money } from "../platform/money.ts";
import { Panel } from "../platform/panel.tsx";
import { amountOf, periodInWords, STATUSES, titleOf } from "./statement.ts";
import { useStatements } from "./use-statements.ts";

/** The statements, newest first. */
export function StatementsPanel() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useStatements();
  const statements = data?.pages.flatMap((page) => page.statements);
  return (
    <Panel title="Statements" description="What each billing period of your subscriptions bills for usage">
      {statements === undefined && error === null && <Loading h={160} label="Loading your statements" />}
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {statements?.length === 0 && (
        <EmptyState icon={<FileText />} title="No statements yet">
          The first one appears when your subscription begins.
        </EmptyState>
      )}
      {statements !== undefined && statements.length > 0 && (
        <ul className="rows">
          {statements.map((statement) => (
            <li key={statement.id}>
              <StatementRow statement={statement} />
            </li>
          ))}
        </ul>
      )}
      {hasNextPage && (
        <Center mt="md">
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show more</Button>
        </Center>
      )}
    </Panel>
  );
}

function StatementRow({ statement }: { statement: Statement }) {
  const { label, color } = STATUSES[statement.status];
  const [invoice] = statement.invoices;
  return (
    <Link href={`/usage/${statement.id}`} className="statement-row">
      <div>
        <Text fw={600} className="statement-name">{periodInWords(statement)}</Text>
        <Text size="sm" c="dimmed">
          {[
            statement.type === "period" ? null : titleOf(statement),
            statement.isTrial ? "Free trial" : null,
            invoice === undefined ? "No invoice yet" : `Invoice ${invoice.number ?? "without a number yet"}`,
          ].filter((text) => text !== null).join(" · ")}
        </Text>
      </div>
      <div style={{ textAlign: "right" }}>
        <Text className="digits">{money(amountOf(statement.units), statement.currency)}</Text>
        <Badge variant="light" color={color} radius="sm">{label}</Badge>
      </div>
    </Link>
  );
}
