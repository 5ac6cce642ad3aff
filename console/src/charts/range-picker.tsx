import { Button, Stack, Text } from "@mantine/core";
import { CalendarDays, Check, ChevronDown } from "lucide-react";
import { useState } from "react";
import { openDialog } from "../platform/dialogs.tsx";
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

/** Chooses a range of days in a dialog: a preset, or the first and the last day in a calendar. */
export function RangePicker(props: RangePickerProps) {
  const { choice, range } = props;
  const days = range === null ? "" : rangeInWords(range);
  const preset = typeof choice === "string" ? PRESET_LABELS[choice] : null;
  return (
    <Button
      variant="default"
      leftSection={<CalendarDays size={16} aria-hidden />}
      rightSection={<ChevronDown size={16} aria-hidden />}
      aria-label={`Days: ${preset === null ? "" : `${preset} `}${days}`}
      aria-haspopup="dialog"
      onClick={() => openDialog("Choose days", (close) => <RangeChoices {...props} onClose={close} />)}
    >
      <span>
        {preset ?? days}
        {preset !== null && <Text span size="sm" c="dimmed" fw={400} className="range-days">{` ${days}`}</Text>}
      </span>
    </Button>
  );
}

function RangeChoices({ choice, range, presets, onChange, onClose }: RangePickerProps & { onClose: () => void }) {
  const [isCalendar, setCalendar] = useState(false);

  function choose(chosen: RangeChoice) {
    onClose();
    onChange(chosen);
  }

  if (isCalendar) {
    return (
      <DialogPart height={340} label="Loading the calendar">
        <RangeCalendar range={range} onChoose={choose} onBack={() => setCalendar(false)} />
      </DialogPart>
    );
  }
  return (
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
