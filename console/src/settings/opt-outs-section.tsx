import { Badge, Button, CloseButton, Group, Paper, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { Download, MessageCircleOff, Plus, Search, Upload } from "lucide-react";
import { useEffect, useState } from "react";
import { useLocation, useSearch } from "wouter";
import type { OptOut } from "../../../client/switchboard.ts";
import { readable } from "../phone/phone-format.ts";
import { dateAndTime } from "../platform/dates.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";
import { openNewOptOut } from "./new-opt-out.tsx";
import { openOptOutImport } from "./opt-out-import.tsx";
import { optOutAddressOf, type OptOutFilters, optOutFiltersOf, SOURCE_NAMES, SOURCES } from "./opt-out-rows.ts";
import { pathOf } from "./sections.ts";
import { useExportOptOuts, useOptOuts } from "./use-opt-outs.ts";

const TYPING_MS = 400;

/** The recipients that may not be written to. The filters are in the address. */
export function OptOutsSection() {
  const [, navigate] = useLocation();
  const filters = optOutFiltersOf(new URLSearchParams(useSearch()));
  const exporting = useExportOptOuts();
  const go = (filters: OptOutFilters, isTyping = false) =>
    navigate(pathOf("opt-outs") + optOutAddressOf(filters), { replace: isTyping });
  return (
    <Panel
      title="Opt-outs"
      description="Nothing is sent to these recipients. Only their own START removes one: you cannot, and neither can we."
    >
      <Stack gap="md">
        <Group gap="sm">
          <Button leftSection={<Plus size={16} />} onClick={openNewOptOut}>Add</Button>
          <Button variant="default" leftSection={<Upload size={16} />} onClick={openOptOutImport}>Import</Button>
          <Button
            variant="default"
            leftSection={<Download size={16} />}
            loading={exporting.isPending}
            onClick={() => exporting.mutate()}
          >
            Export all
          </Button>
        </Group>
        {exporting.error !== null && <FailureAlert error={exporting.error} />}
        <Filters filters={filters} onChange={go} />
        <Rows filters={filters} onClear={() => go({})} />
      </Stack>
    </Panel>
  );
}

interface FiltersProps {
  filters: OptOutFilters;
  /** `isTyping`: the address changes without an entry in the history. */
  onChange: (filters: OptOutFilters, isTyping?: boolean) => void;
}

function Filters({ filters, onChange }: FiltersProps) {
  const { search = "", source } = filters;
  const [text, setText] = useState(search);
  // The address changes by itself, too: with *Back*, or when the filters are cleared.
  useEffect(() => setText((typed) => typed.trim() === search ? typed : search), [search]);
  const change = (typed: string) =>
    onChange({ ...(typed.trim() !== "" && { search: typed.trim() }), ...(source !== undefined && { source }) }, true);
  const changeSoon = useDebouncedCallback(change, TYPING_MS);
  return (
    <Group gap="sm">
      <TextInput
        type="search"
        role="searchbox"
        inputMode="tel"
        flex="1 1 220px"
        aria-label="Search by number"
        placeholder="Search by number"
        leftSection={<Search size={16} aria-hidden />}
        rightSection={text !== "" && (
          <CloseButton
            size="sm"
            aria-label="Clear the search"
            onClick={() => {
              setText("");
              change("");
            }}
          />
        )}
        value={text}
        maxLength={64}
        onChange={(event) => {
          setText(event.currentTarget.value);
          changeSoon(event.currentTarget.value);
        }}
      />
      <Select
        aria-label="Source"
        placeholder="Any source"
        flex="1 1 160px"
        clearable
        clearButtonProps={{ "aria-label": "Any source" }}
        data={SOURCES.map((value) => ({ value, label: SOURCE_NAMES[value] }))}
        value={source ?? null}
        onChange={(next) => onChange({ ...(search !== "" && { search }), ...(next !== null && { source: next }) })}
      />
    </Group>
  );
}

function Rows({ filters, onClear }: { filters: OptOutFilters; onClear: () => void }) {
  const { data, error, refetch, isPlaceholderData, hasNextPage, fetchNextPage, isFetchingNextPage } = useOptOuts(
    filters,
  );
  const optOuts = data?.pages.flatMap((page) => page.optOuts);
  // A search for what is no number has no result: what is listed is that of the search before.
  if (error !== null && (optOuts === undefined || isPlaceholderData)) {
    return <LoadFailure error={error} onRetry={() => void refetch()} />;
  }
  if (optOuts === undefined) return <Loading h={240} label="Loading your opt-outs" />;
  if (optOuts.length === 0 && !hasNextPage) {
    return <NoOptOuts isFiltered={optOutAddressOf(filters) !== ""} onClear={onClear} />;
  }
  return (
    <>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      <Paper
        component="ul"
        withBorder
        radius="lg"
        px="md"
        className={isPlaceholderData ? "rows search-old" : "rows"}
        aria-label="Opt-outs"
      >
        {optOuts.map((optOut) => <OptOutRow key={optOut.id} optOut={optOut} />)}
      </Paper>
      {hasNextPage && (
        <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          More opt-outs
        </Button>
      )}
    </>
  );
}

function OptOutRow({ optOut: { recipient, from, source, keyword, optedOutAt } }: { optOut: OptOut }) {
  return (
    <li className="row">
      <div className="row-main">
        <Text size="sm" fw={600} className="digits">{readable(recipient)}</Text>
        <Text size="sm" c="dimmed">{from === null ? "All of your numbers" : `Only ${readable(from)}`}</Text>
      </div>
      <Badge variant="default" radius="sm" tt="none">
        {SOURCE_NAMES[source]}
        {source === "received" && keyword !== null && ` “${keyword}”`}
      </Badge>
      <Text size="sm" c="dimmed" className="digits">{dateAndTime(optedOutAt)}</Text>
    </li>
  );
}

function NoOptOuts({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (isFiltered) {
    return (
      <EmptyState
        icon={<MessageCircleOff />}
        title="No matching opt-outs"
        action={<Button variant="light" onClick={onClear}>Show all</Button>}
      >
        A number that is not listed may be written to.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<MessageCircleOff />}
      title="No opt-outs yet"
      action={<Button variant="light" onClick={openOptOutImport}>Import a list</Button>}
    >
      Who writes STOP to one of your numbers appears here. Import the opt-outs of the product that you used before.
    </EmptyState>
  );
}
