import { Chip, Group, Radio, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useMemo } from "react";
import type { SendWindow } from "../../../../client/switchboard.ts";
import { DAYS_AHEAD } from "../../../../supabase/functions/_shared/campaigns/limits.ts";
import { Panel } from "../../platform/panel.tsx";
import { DAYS, ownZone, USUAL_WINDOW, windowText, zoneText } from "../windows.ts";
import { timeProblem, UNDO_SECONDS, windowProblem } from "./draft.ts";
import type { StepProps } from "./step-props.ts";

/** Decides when the campaign begins, and at which hours it is sent. */
export function ScheduleStep({ drafting, draft }: StepProps) {
  const { sendAt, window } = draft;
  return (
    <Stack gap="lg">
      <Panel title="Start">
        <Stack gap="md">
          <Radio.Group
            aria-label="When to start"
            value={sendAt === null ? "now" : "later"}
            onChange={(value) => drafting.change({ sendAt: value === "now" ? null : tomorrow() })}
          >
            <Stack gap="sm">
              <Radio value="now" label="Now" description={`You have ${UNDO_SECONDS} seconds to undo it.`} />
              <Radio value="later" label="Later" description="Until then it can be canceled." />
            </Stack>
          </Radio.Group>
          {sendAt !== null && (
            <DateTimePicker
              label="Day and time"
              description={`In the time of ${zoneText(ownZone())}, at most ${DAYS_AHEAD} days ahead.`}
              maw={340}
              valueFormat="D MMM YYYY, HH:mm"
              minDate={new Date()}
              maxDate={new Date(Date.now() + DAYS_AHEAD * 86_400_000)}
              popoverProps={{ withinPortal: false }}
              value={localOf(sendAt)}
              error={timeProblem(sendAt, Date.now())}
              onChange={(value) => drafting.change({ sendAt: value === null ? tomorrow() : isoOf(value) })}
            />
          )}
        </Stack>
      </Panel>
      <Panel
        title="Hours"
        aside={
          <Switch
            label="Only at certain hours"
            checked={window !== null}
            onChange={(event) => drafting.change({ window: event.currentTarget.checked ? USUAL_WINDOW : null })}
          />
        }
      >
        {window === null
          ? <Text size="sm" c="dimmed">Messages are sent at any hour, at once after the start.</Text>
          : <Window window={window} onChange={(changed) => drafting.change({ window: changed })} />}
      </Panel>
    </Stack>
  );
}

function Window({ window, onChange }: { window: SendWindow; onChange: (window: SendWindow) => void }) {
  const zones = useMemo(() => Intl.supportedValuesOf("timeZone").filter((zone) => zone.includes("/")), []);
  const { timeZone, ...hours } = window;
  const problem = windowProblem(window);
  return (
    <Stack gap="md">
      <Group gap="md" align="end">
        <TextInput
          type="time"
          label="From"
          value={window.from}
          onChange={(event) => onChange({ ...window, from: event.currentTarget.value })}
        />
        <TextInput
          type="time"
          label="Until"
          value={window.to}
          onChange={(event) => onChange({ ...window, to: event.currentTarget.value })}
        />
      </Group>
      <Chip.Group multiple value={window.days ?? DAYS.map(({ value }) => value)} onChange={setDays}>
        <Group gap={6} role="group" aria-label="Days">
          {DAYS.map(({ value, label }) => <Chip key={value} value={value} size="xs">{label}</Chip>)}
        </Group>
      </Chip.Group>
      <Radio.Group
        label="Whose time"
        value={timeZone === undefined ? "own" : "one"}
        onChange={(value) => onChange(value === "own" ? hours : { ...hours, timeZone: ownZone() })}
      >
        <Stack gap="xs" mt={4}>
          <Radio
            value="own"
            label="Each recipient's"
            description="By the country of the number; where a country has several zones, only while it is open in all."
          />
          <Radio value="one" label="One time zone for all" />
        </Stack>
      </Radio.Group>
      {timeZone !== undefined && (
        <Select
          label="Time zone"
          maw={340}
          searchable
          limit={100}
          allowDeselect={false}
          nothingFoundMessage="No matching time zone"
          data={[...new Set([timeZone, ...zones])].map((value) => ({ value, label: zoneText(value) }))}
          value={timeZone}
          onChange={(value) => value !== null && onChange({ ...hours, timeZone: value })}
        />
      )}
      {problem === null
        ? <Text size="sm" c="dimmed">{windowText(window)}</Text>
        : <Text size="sm" c="var(--bad)" role="alert">{problem}</Text>}
    </Stack>
  );

  function setDays(chosen: string[]) {
    const days = DAYS.map(({ value }) => value).filter((day) => chosen.includes(day));
    const { days: _, ...rest } = window;
    onChange(days.length === DAYS.length ? rest : { ...rest, days });
  }
}

/** The picker's value: the wall clock of this browser, such as `2026-11-28 09:00:00`. */
function localOf(iso: string): string {
  const date = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${
    two(date.getMinutes())
  }:00`;
}

function isoOf(local: string): string {
  return new Date(local.replace(" ", "T")).toISOString();
}

/** Nine o'clock of the next day. */
function tomorrow(): string {
  const date = new Date();
  date.setDate(date.getDate() + 1);
  date.setHours(9, 0, 0, 0);
  return date.toISOString();
}
