import { Button, Popover, Stack, Text } from "@mantine/core";
import { CalendarDays, Check, ChevronDown } from "lucide-react";
import { useState } from "react";
import { DialogPart, part } from "../platform/part.tsx";
import { type Preset, PRESET_LABELS, type Range, type RangeChoice, rangeInWords } from "./range.ts";
import "./range-picker.css";

const RangeCalendar = part(() => import("./range-calendar.tsx").then(({ RangeCalendar }) => RangeCalendar));

export interface RangePickerProps {
  choice: RangeChoice;
  /** The days of the choice; null while they are not known. */
  range: Range | null;
  presets: readonly Preset[];
  onChange: (choice: RangeChoice) => void;
}

/** Chooses a range of days: a preset, or the first and the last day in a calendar. */
export function RangePicker({ choice, range, presets, onChange }: RangePickerProps) {
  const [isOpen, setOpen] = useState(false);
  const [isCalendar, setCalendar] = useState(false);
  const days = range === null ? "" : rangeInWords(range);
  const preset = typeof choice === "string" ? PRESET_LABELS[choice] : null;

  function choose(chosen: RangeChoice) {
    setOpen(false);
    onChange(chosen);
  }

  return (
    <Popover
      opened={isOpen}
      onChange={setOpen}
      onExitTransitionEnd={() => setCalendar(false)}
      position="bottom-end"
      withinPortal={false}
      trapFocus
      returnFocus
      shadow="md"
      radius="md"
    >
      <Popover.Target>
        <Button
          variant="default"
          className="range-button"
          leftSection={<CalendarDays size={16} aria-hidden />}
          rightSection={<ChevronDown size={16} aria-hidden />}
          aria-label={`Days: ${preset === null ? "" : `${preset}, `}${days}`}
          onClick={() => setOpen(!isOpen)}
        >
          <span>
            {preset ?? days}{" "}
            {preset !== null && <Text span size="sm" c="dimmed" fw={400} className="range-days">{days}</Text>}
          </span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs" aria-label="Choose days">
        {isCalendar
          ? (
            <DialogPart height={300} label="Loading the calendar">
              <RangeCalendar range={range} onChoose={choose} onBack={() => setCalendar(false)} />
            </DialogPart>
          )
          : (
            <Stack gap={2}>
              {presets.map((preset) => (
                <Item
                  key={preset}
                  label={PRESET_LABELS[preset]}
                  isChosen={preset === choice}
                  onClick={() => choose(preset)}
                />
              ))}
              <Item label="Other days…" isChosen={typeof choice !== "string"} onClick={() => setCalendar(true)} />
            </Stack>
          )}
      </Popover.Dropdown>
    </Popover>
  );
}

function Item({ label, isChosen, onClick }: { label: string; isChosen: boolean; onClick: () => void }) {
  return (
    <Button
      variant="subtle"
      color="gray"
      c="var(--mantine-color-text)"
      fw={isChosen ? 600 : 400}
      justify="space-between"
      aria-pressed={isChosen}
      rightSection={isChosen ? <Check size={16} aria-hidden /> : <span style={{ width: 16 }} />}
      onClick={onClick}
    >
      {label}
    </Button>
  );
}
