import { Button, Code, Group, Paper, Stack, Text, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import type { AuditLine } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { dateAndTime } from "../../platform/dates.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { useUser } from "../../session/session.tsx";
import { actorInWords, factsOf, reasonOf } from "../actions/audit-words.ts";
import { CsvButton } from "../lists/csv-button.tsx";
import { TenantName } from "../lists/tenant-name.tsx";
import { useEmails } from "../lists/use-emails.ts";
import { type AuditFilter, auditFilterOf, auditQueryOf } from "./audit-filter.ts";

/** Every line of the audit log, newest first. */
export function AuditReport() {
  const [query, setQuery] = useSearchParams();
  const filter = auditFilterOf(query);
  return (
    <Stack gap="md">
      <FilterForm filter={filter} onChange={(next) => setQuery(auditQueryOf(next))} />
      <Lines filter={filter} />
    </Stack>
  );
}

function FilterForm({ filter, onChange }: { filter: AuditFilter; onChange: (filter: AuditFilter) => void }) {
  const { id: ownId } = useUser();
  const [typed, setTyped] = useState(filter);
  const { actor = "", action = "", requestId = "" } = filter;
  // The address changes by itself when the operator goes back.
  useEffect(() => setTyped({ actor, action, requestId }), [actor, action, requestId]);
  const field = (name: keyof AuditFilter) => ({
    value: typed[name] ?? "",
    maxLength: 100,
    autoComplete: "off",
    spellCheck: false,
    flex: "1 1 200px",
    onChange: ({ currentTarget }: { currentTarget: HTMLInputElement }) =>
      setTyped((now) => ({ ...now, [name]: currentTarget.value })),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange(typed);
  };
  return (
    <form onSubmit={submit} role="search" aria-label="Audit log">
      <Group gap="sm" align="end">
        <TextInput label="Action" placeholder="tenant.suspended" {...field("action")} />
        <TextInput label="Actor" placeholder="operator:<id> or converge" {...field("actor")} />
        <TextInput label="Request" placeholder="The id of a request" {...field("requestId")} />
        <Group gap="xs">
          <Button type="submit" variant="light">Filter</Button>
          <Button variant="default" onClick={() => onChange({ actor: `operator:${ownId}` })}>Mine</Button>
          <Button
            variant="subtle"
            disabled={auditQueryOf(filter).size === 0}
            onClick={() => onChange({})}
          >
            Clear
          </Button>
        </Group>
      </Group>
    </form>
  );
}

function Lines({ filter }: { filter: AuditFilter }) {
  const { switchboard: { admin } } = useBackend();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["operator", "audit-log", filter],
    queryFn: ({ pageParam, signal }) => admin.auditLog({ ...filter, cursor: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
  });
  const lines = data?.pages.flatMap((page) => page.lines);
  const emails = useEmails(lines?.flatMap(({ userId }) => userId ?? []) ?? []);
  if (lines === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={280} label="Loading the audit log" />;
  }
  if (lines.length === 0) {
    return (
      <EmptyState icon={<ScrollText />} title="No lines">
        {auditQueryOf(filter).size === 0
          ? "Nothing has been done yet."
          : "Nothing was done that matches. Action, actor and request must be given in full."}
      </EmptyState>
    );
  }
  return (
    <>
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed">Newest first. Reasons and details are kept for 365 days.</Text>
        <CsvButton list="audit" query={filter} />
      </Group>
      <Paper component="ol" withBorder radius="lg" px="md" className="rows" aria-label="Audit log">
        {lines.map((line) => <Line key={line.id} line={line} emails={emails} />)}
      </Paper>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {hasNextPage && (
        <Group justify="center">
          <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Older lines
          </Button>
        </Group>
      )}
    </>
  );
}

function Line({ line, emails }: { line: AuditLine; emails: ReadonlyMap<string, string> }) {
  const { id: ownId } = useUser();
  const reason = reasonOf(line);
  const facts = factsOf(line);
  return (
    <li className="row operator-row">
      <div className="row-main">
        <Group gap="xs">
          <Code>{line.action}</Code>
          <Text size="sm">by {actorInWords(line.actor, ownId)}</Text>
          {line.userId !== null && <TenantName userId={line.userId} emails={emails} />}
        </Group>
        {reason !== null && <Text size="sm" style={{ overflowWrap: "anywhere" }}>“{reason}”</Text>}
        {facts.length > 0 && (
          <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {facts.map(([name, value]) => `${name}: ${value}`).join(" · ")}
          </Text>
        )}
        {line.requestId !== null && (
          <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>Request {line.requestId}</Text>
        )}
      </div>
      <Text size="xs" c="dimmed">{dateAndTime(line.at)}</Text>
    </li>
  );
}
