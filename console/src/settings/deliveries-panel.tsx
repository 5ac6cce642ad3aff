import { Badge, Button, Code, Group, Modal, Paper, Select, Stack, Text, TextInput } from "@mantine/core";
import { RotateCw, Send } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { useLocation, useSearch } from "wouter";
import type { ForwardDelivery, ForwardDeliveryStatus } from "../../../client/switchboard.ts";
import { Copyable } from "../platform/copyable.tsx";
import { dateAndTime } from "../platform/dates.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { Fact, Facts } from "../platform/facts.tsx";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";
import { addressOf, attemptText, canReplay, type DeliveryFilters, filtersOf, STATUSES } from "./deliveries.ts";
import { pathOf } from "./sections.ts";
import { useDeliveries, useDelivery, useReplay } from "./use-webhook.ts";

const STATUS_TEXTS: Readonly<Record<ForwardDeliveryStatus, { label: string; color: string }>> = {
  pending: { label: "Being tried", color: "yellow" },
  delivered: { label: "Delivered", color: "teal" },
  failed: { label: "Failed", color: "red" },
  canceled: { label: "Canceled", color: "gray" },
};

export interface DeliveriesPanelProps {
  /** Whether the webhook is in use: otherwise nothing can be delivered again. */
  canReplay: boolean;
}

/** What was posted to the webhook in the last 30 days. The filters and the open delivery are in the address. */
export function DeliveriesPanel({ canReplay }: DeliveriesPanelProps) {
  const [, navigate] = useLocation();
  const query = new URLSearchParams(useSearch());
  const filters = filtersOf(query);
  const open = query.get("delivery") ?? undefined;
  const go = (filters: DeliveryFilters, delivery?: string, replace = false) =>
    navigate(pathOf("webhook") + addressOf(filters, delivery), { replace });
  return (
    <Panel
      title="Deliveries"
      description="Of the last 30 days. Each message or notice is one delivery, with its attempts."
    >
      <Stack gap="md">
        <Filters filters={filters} onChange={(next) => go(next)} />
        <Rows filters={filters} canReplay={canReplay} onOpen={(id) => go(filters, id)} onClear={() => go({})} />
      </Stack>
      <Modal
        opened={open !== undefined}
        onClose={() => go(filters, undefined, true)}
        title="Delivery"
        size="lg"
        radius="lg"
        centered
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {open !== undefined && <Delivery key={open} id={open} canReplay={canReplay} />}
      </Modal>
    </Panel>
  );
}

function Filters({ filters, onChange }: { filters: DeliveryFilters; onChange: (filters: DeliveryFilters) => void }) {
  const { status: _status, ...others } = filters;
  return (
    <Group gap="sm" align="end">
      <Select
        label="Status"
        flex="1 1 150px"
        placeholder="Any"
        clearable
        clearButtonProps={{ "aria-label": "Any status" }}
        data={STATUSES.map((value) => ({ value, label: STATUS_TEXTS[value].label }))}
        value={filters.status ?? null}
        onChange={(status) => onChange({ ...others, ...(status !== null && { status }) })}
      />
      {(["from", "until"] as const).map((name) => (
        <Day
          key={name}
          label={name === "from" ? "From" : "Until"}
          day={filters[name] ?? ""}
          onChange={(day) => {
            const { [name]: _day, ...rest } = filters;
            const next = filtersOf(new URLSearchParams({ [name]: day }));
            // While a year is typed, the day is not one yet.
            if (day === "" || next[name] !== undefined) onChange({ ...rest, ...next });
          }}
        />
      ))}
    </Group>
  );
}

function Day({ label, day, onChange }: { label: string; day: string; onChange: (day: string) => void }) {
  const [text, setText] = useState(day);
  useEffect(() => setText(day), [day]);
  return (
    <TextInput
      label={label}
      type="date"
      flex="1 1 140px"
      value={text}
      onChange={({ currentTarget: { value } }) => {
        setText(value);
        onChange(value);
      }}
    />
  );
}

interface RowsProps extends DeliveriesPanelProps {
  filters: DeliveryFilters;
  onOpen: (id: string) => void;
  onClear: () => void;
}

function Rows({ filters, canReplay, onOpen, onClear }: RowsProps) {
  const { data, error, refetch, isPlaceholderData, hasNextPage, fetchNextPage, isFetchingNextPage } = useDeliveries(
    filters,
  );
  const deliveries = data?.pages.flatMap((page) => page.deliveries);
  if (deliveries === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={200} label="Loading the deliveries" />;
  }
  if (deliveries.length === 0) return <NoDeliveries isFiltered={addressOf(filters) !== ""} onClear={onClear} />;
  return (
    <>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      <Paper
        component="ul"
        withBorder
        radius="lg"
        px="md"
        className={isPlaceholderData ? "rows search-old" : "rows"}
        aria-label="Deliveries"
      >
        {deliveries.map((delivery) => (
          <DeliveryRow
            key={delivery.id}
            delivery={delivery}
            mayReplay={canReplay}
            onOpen={() => onOpen(delivery.id)}
          />
        ))}
      </Paper>
      {hasNextPage && (
        <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          More deliveries
        </Button>
      )}
    </>
  );
}

function NoDeliveries({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (isFiltered) {
    return (
      <EmptyState
        icon={<Send />}
        title="No matching deliveries"
        action={<Button variant="light" onClick={onClear}>Show all</Button>}
      >
        Deliveries are kept for 30 days.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={<Send />} title="No deliveries yet">
      The next message that you receive is posted to your webhook, and appears here.
    </EmptyState>
  );
}

interface DeliveryRowProps {
  delivery: ForwardDelivery;
  mayReplay: boolean;
  onOpen: () => void;
}

function DeliveryRow({ delivery, mayReplay, onOpen }: DeliveryRowProps) {
  const { id, status, createdAt, attemptCount, lastAttempt, nextAttemptAt } = delivery;
  const replay = useReplay(id);
  return (
    <li className="row">
      <button type="button" className="delivery-open" onClick={onOpen}>
        <StatusBadge status={status} />
        <Text span size="sm" fw={600} className="digits">{dateAndTime(createdAt)}</Text>
        <Text span size="sm" c="dimmed">
          {attemptText(lastAttempt)}
          {attemptCount > 1 && ` · ${attemptCount} attempts`}
          {nextAttemptAt !== null && status === "pending" && ` · next ${dateAndTime(nextAttemptAt)}`}
        </Text>
      </button>
      {(status === "failed" || status === "canceled") && mayReplay && (
        <Button
          size="xs"
          variant="default"
          leftSection={<RotateCw size={14} aria-hidden />}
          loading={replay.isPending}
          onClick={() => replay.mutate()}
          aria-label={`Replay the delivery of ${dateAndTime(createdAt)}`}
        >
          Replay
        </Button>
      )}
      {replay.error !== null && <FailureAlert error={replay.error} w="100%" />}
    </li>
  );
}

function StatusBadge({ status }: { status: ForwardDeliveryStatus }) {
  const { label, color } = STATUS_TEXTS[status];
  return <Badge variant="light" color={color} radius="sm">{label}</Badge>;
}

/** One delivery with its attempts and its body. */
function Delivery({ id, canReplay: isUsed }: { id: string; canReplay: boolean }) {
  const { data, error, refetch } = useDelivery(id);
  const replay = useReplay(id);
  const attemptsId = useId();
  if (data === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={320} label="Loading the delivery" />;
  }
  const { delivery, attempts, event } = data;
  const { status, nextAttemptAt, attemptCount } = delivery;
  return (
    <Stack gap="md">
      <Facts>
        <Fact label="Status">
          <StatusBadge status={status} />
        </Fact>
        <Fact label="Event">{event.type}</Fact>
        <Fact label="Event ID">
          <Copyable value={id} label="event ID" />
        </Fact>
        {status === "pending" && nextAttemptAt !== null && (
          <Fact label="Next attempt">{dateAndTime(nextAttemptAt)}</Fact>
        )}
      </Facts>
      <div>
        <Text size="sm" fw={600} id={attemptsId}>
          {attempts.length < attemptCount ? `The last ${attempts.length} of ${attemptCount} attempts` : "Attempts"}
        </Text>
        <ol className="rows attempts" aria-labelledby={attemptsId}>
          {attempts.map((attempt, index) => (
            <li key={index} className="attempt">
              <span className="digits">{dateAndTime(attempt.at)}</span>
              <span>{attemptText(attempt)}</span>
            </li>
          ))}
        </ol>
      </div>
      <div>
        <Text size="sm" fw={600} mb={4}>Body, as the next attempt would post it</Text>
        <div className="code-region" role="region" aria-label="Body" tabIndex={0}>
          <Code block>{JSON.stringify(event, null, 2)}</Code>
        </div>
      </div>
      {replay.error !== null && <FailureAlert error={replay.error} />}
      {replay.isSuccess && <Text size="sm" role="status">It is being delivered again, under the same event ID.</Text>}
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed">
          {isUsed ? "A receiver can tell a replay by the event ID." : "It can be replayed once your webhook is in use."}
        </Text>
        <Button
          variant="light"
          leftSection={<RotateCw size={16} aria-hidden />}
          disabled={!isUsed || !canReplay(delivery)}
          loading={replay.isPending}
          onClick={() => replay.mutate()}
        >
          Replay
        </Button>
      </Group>
    </Stack>
  );
}
