import { Button, Container, Group, Paper, SegmentedControl, Select, Stack } from "@mantine/core";
import { BellOff } from "lucide-react";
import { useSearchParams } from "wouter";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";
import { useHealth } from "../health/use-health.ts";
import { counted } from "../health/words.ts";
import { CsvButton } from "../lists/csv-button.tsx";
import { SelectBar } from "../lists/select-bar.tsx";
import { useEmails } from "../lists/use-emails.ts";
import { useSelection } from "../lists/use-selection.ts";
import "../operator.css";
import { openAlertChange } from "./alert-actions.tsx";
import {
  ALERT_KINDS,
  type AlertFilter,
  alertFilterOf,
  type AlertKind,
  alertQueryOf,
  type AlertState,
  LISTED,
} from "./alert-kinds.ts";
import { AlertRow } from "./alert-row.tsx";
import { sumOf } from "./counts.ts";
import { useAlerts } from "./use-alerts.ts";

/** What needs an operator. */
export function AlertsScreen() {
  const [query, setQuery] = useSearchParams();
  const filter = alertFilterOf(query);
  const { state, kind } = filter;
  const show = (changed: Partial<AlertFilter>) => setQuery(alertQueryOf({ ...filter, ...changed }));
  return (
    <Container size="lg" className="screen">
      <ScreenTitle
        title="Alerts"
        description="What needs an operator: one alert for each cause, however often it occurs."
        aside={<CsvButton list="alerts" query={{ state: LISTED[state], kind }} />}
      />
      <Settled>
        <Stack gap="md">
          <Group gap="sm">
            <States state={state} onChange={(next) => show({ state: next })} />
            <Kinds kind={kind} onChange={(next) => show({ kind: next })} />
          </Group>
          <AlertList
            key={`${state} ${kind}`}
            filter={filter}
            open={query.get("alert")}
            onOpen={(id) =>
              setQuery((now) => {
                const next = new URLSearchParams(now);
                if (next.get("alert") === id) next.delete("alert");
                else next.set("alert", id);
                return next;
              }, { replace: true })}
          />
        </Stack>
      </Settled>
    </Container>
  );
}

function States({ state, onChange }: { state: AlertState; onChange: (state: AlertState) => void }) {
  const { data: health } = useHealth();
  const { open, acknowledged } = health === undefined ? {} : sumOf(health.alerts);
  const label = (name: string, count: typeof open) => count === undefined ? name : `${name} ${counted(count)}`;
  return (
    <SegmentedControl<AlertState>
      aria-label="State"
      className="segments-wrap"
      style={{ alignSelf: "start" }}
      value={state}
      onChange={onChange}
      data={[
        { value: "open", label: label("Open", open) },
        { value: "acknowledged", label: label("Acknowledged", acknowledged) },
        { value: "settled", label: "Settled" },
      ]}
    />
  );
}

const KINDS = (Object.keys(ALERT_KINDS) as AlertKind[])
  .map((kind) => ({ value: kind, label: ALERT_KINDS[kind].title }))
  .sort((a, b) => a.label.localeCompare(b.label));

function Kinds({ kind, onChange }: { kind: AlertKind | undefined; onChange: (kind: AlertKind | undefined) => void }) {
  return (
    <Select<AlertKind>
      aria-label="Kind"
      placeholder="All kinds"
      searchable
      clearable
      nothingFoundMessage="No kind has these words"
      flex="0 1 320px"
      data={KINDS}
      value={kind ?? null}
      onChange={(next) => onChange(next ?? undefined)}
    />
  );
}

interface AlertListProps {
  filter: AlertFilter;
  /** The alert whose details are shown. */
  open: string | null;
  onOpen: (id: string) => void;
}

function AlertList({ filter, open, onOpen }: AlertListProps) {
  const { state } = filter;
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useAlerts(filter);
  const alerts = data?.pages.flatMap((page) => page.alerts) ?? [];
  const selection = useSelection(alerts.map(({ id }) => id));
  const emails = useEmails(alerts.flatMap(({ userId }) => userId ?? []));
  if (data === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={280} label="Loading the alerts" />;
  }
  if (alerts.length === 0) return <NoAlerts filter={filter} />;
  const selected = alerts.filter(({ id }) => selection.ids.includes(id));
  const isFinal = state === "settled";
  return (
    <>
      {!isFinal && (
        <SelectBar selection={selection} shown={alerts.length} noun="alerts">
          {state === "open" && (
            <Button
              size="xs"
              variant="light"
              disabled={selected.length === 0}
              onClick={() => openAlertChange(selected, "acknowledged")}
            >
              Acknowledge selected
            </Button>
          )}
          <Button
            size="xs"
            variant="default"
            disabled={selected.length === 0}
            onClick={() => openAlertChange(selected, "settled")}
          >
            Settle selected
          </Button>
        </SelectBar>
      )}
      <Paper
        component="ul"
        withBorder
        radius="lg"
        px="md"
        className="rows"
        aria-label="Alerts"
      >
        {alerts.map((alert) => (
          <AlertRow
            key={alert.id}
            alert={alert}
            emails={emails}
            isOpen={alert.id === open}
            onOpen={() => onOpen(alert.id)}
            isSelected={isFinal ? null : selection.has(alert.id)}
            onSelect={() => selection.toggle(alert.id)}
          />
        ))}
      </Paper>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {hasNextPage && (
        <Group justify="center">
          <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Older alerts
          </Button>
        </Group>
      )}
    </>
  );
}

const NOTHING: Readonly<Record<AlertState, { title: string; text: string }>> = {
  open: { title: "No open alerts", text: "Nothing needs you. New alerts appear here by themselves." },
  acknowledged: {
    title: "No acknowledged alerts",
    text: "An alert that you acknowledge stays here until its cause ends.",
  },
  settled: { title: "No settled alerts", text: "Alerts are kept here for 180 days after they are settled." },
};

function NoAlerts({ filter: { state, kind } }: { filter: AlertFilter }) {
  const { title, text } = NOTHING[state];
  return (
    <EmptyState icon={<BellOff />} title={title}>
      {kind === undefined ? text : `None is of the kind “${ALERT_KINDS[kind].title}”.`}
    </EmptyState>
  );
}
