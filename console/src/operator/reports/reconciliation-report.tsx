import { Anchor, Button, Group, Paper, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Scale } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { useBackend } from "../../platform/backend.tsx";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { useHealth } from "../health/use-health.ts";
import { counted } from "../health/words.ts";
import { CsvButton } from "../lists/csv-button.tsx";
import { useEmails } from "../lists/use-emails.ts";
import {
  faultOfAccount,
  type ReconciliationFilter,
  reconciliationFilterOf,
  reconciliationQueryOf,
} from "./reconciliation-filter.ts";
import { ReconciledDay } from "./reconciled-day.tsx";

/** The days of accounts that were compared with Twilio's usage. */
export function ReconciliationReport() {
  const [query, setQuery] = useSearchParams();
  const filter = reconciliationFilterOf(query);
  const { data: health } = useHealth();
  const { unexplained } = health?.reconciliation ?? {};
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        Each day (UTC) of each account: what Twilio's usage has, less what the ledger has, split into classes that add
        up to the difference.
      </Text>
      <Group justify="space-between" gap="sm" align="end">
        <SegmentedControl
          aria-label="Days"
          className="segments-wrap"
          value={filter.unexplained ? "unexplained" : "all"}
          onChange={(days) => setQuery(reconciliationQueryOf({ ...filter, unexplained: days !== "all" }))}
          data={[
            {
              value: "unexplained",
              label: `To be explained${unexplained === undefined ? "" : ` ${counted(unexplained)}`}`,
            },
            { value: "all", label: "All days" },
          ]}
        />
        <AccountField
          account={filter.account ?? ""}
          onChange={(account) =>
            setQuery(reconciliationQueryOf({ unexplained: filter.unexplained, ...(account !== "" && { account }) }))}
        />
        <CsvButton list="reconciliations" query={filter} />
      </Group>
      <Days
        filter={filter}
        open={query.get("open")}
        onOpen={(id) =>
          setQuery((now) => {
            const next = new URLSearchParams(now);
            if (next.get("open") === id) next.delete("open");
            else next.set("open", id);
            return next;
          }, { replace: true })}
      />
    </Stack>
  );
}

function AccountField({ account, onChange }: { account: string; onChange: (account: string) => void }) {
  const [typed, setTyped] = useState(account);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => setTyped(account), [account]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = faultOfAccount(typed);
    setFault(found);
    if (found === null) onChange(typed.trim());
  };
  return (
    <form onSubmit={submit} noValidate style={{ flex: "1 1 240px" }}>
      <Group gap="xs" align="end" wrap="nowrap">
        <TextInput
          label="Account"
          placeholder="AC…"
          flex={1}
          autoComplete="off"
          spellCheck={false}
          maxLength={40}
          value={typed}
          error={fault}
          onChange={({ currentTarget }) => {
            setTyped(currentTarget.value);
            setFault(null);
          }}
        />
        <Button type="submit" variant="light">Filter</Button>
      </Group>
    </form>
  );
}

interface DaysProps {
  filter: ReconciliationFilter;
  /** The day whose evidence is shown. */
  open: string | null;
  onOpen: (id: string) => void;
}

function Days({ filter, open, onOpen }: DaysProps) {
  const { switchboard: { admin } } = useBackend();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData } = useInfiniteQuery({
    queryKey: ["operator", "reconciliations", filter],
    queryFn: ({ pageParam, signal }) =>
      admin.listReconciliations({ ...filter, cursor: pageParam, limit: 25 }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  });
  const days = data?.pages.flatMap((page) => page.days);
  const emails = useEmails(days?.flatMap(({ userId }) => userId ?? []) ?? []);
  if (days === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={280} label="Loading the days" />;
  }
  if (days.length === 0) return <NoDays filter={filter} />;
  return (
    <>
      <Paper
        component="ul"
        withBorder
        radius="lg"
        px="md"
        className={isPlaceholderData ? "rows search-old" : "rows"}
        aria-label="Days"
      >
        {days.map((day) => {
          const id = `${day.day}~${day.accountSid}`;
          return <ReconciledDay key={id} day={day} emails={emails} isOpen={open === id} onOpen={() => onOpen(id)} />;
        })}
      </Paper>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {hasNextPage && (
        <Group justify="center">
          <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>Older days</Button>
        </Group>
      )}
    </>
  );
}

function NoDays({ filter }: { filter: ReconciliationFilter }) {
  if (!filter.unexplained) {
    return (
      <EmptyState icon={<Scale />} title="No compared days">
        {filter.account === undefined
          ? "A day is compared after its usage was read at Twilio."
          : "No day of this account was compared."}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<Scale />}
      title="Nothing to explain"
      action={
        <Anchor
          component={Link}
          href={`/operator/reports/reconciliation?${reconciliationQueryOf({ ...filter, unexplained: false })}`}
          size="sm"
        >
          Show all days
        </Anchor>
      }
    >
      No closed day{filter.account === undefined ? "" : " of this account"} has a difference that time does not explain.
    </EmptyState>
  );
}
