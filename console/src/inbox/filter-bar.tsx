import {
  ActionIcon,
  CloseButton,
  Indicator,
  Pill,
  Popover,
  SegmentedControl,
  Select,
  Stack,
  TextInput,
} from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { ListFilter, Search } from "lucide-react";
import { type RefObject, useEffect, useState } from "react";
import { useTags } from "../contacts/use-contacts.ts";
import { readable } from "../phone/phone-format.ts";
import type { Filters, View } from "./filters.ts";

/** How long after the last key a search starts. */
const TYPING_MS = 250;

export interface FilterBarProps {
  filters: Filters;
  /** `isTyping`: the address changes without an entry in the history. */
  onChange: (filters: Filters, isTyping?: boolean) => void;
  /** The tenant's numbers. */
  numbers: readonly string[];
  unread: number;
  searchField: RefObject<HTMLInputElement | null>;
  /** Moves the focus to the first result. */
  onDown: () => void;
}

/** The search field, the views and the filters of the inbox. */
export function FilterBar({ filters, onChange, numbers, unread, searchField, onDown }: FilterBarProps) {
  return (
    <div className="filters">
      <div className="filters-search">
        <SearchField search={filters.search} onSearch={onSearch} field={searchField} onDown={onDown} />
        <MoreFilters filters={filters} onChange={onChange} numbers={numbers} />
      </div>
      <SegmentedControl<View>
        fullWidth
        size="xs"
        aria-label="Show"
        value={filters.view}
        onChange={(view) => onChange({ ...filters, view })}
        data={[
          { value: "all", label: "All" },
          { value: "unread", label: unread === 0 ? "Unread" : `Unread ${unread > 99 ? "99+" : unread}` },
          { value: "failed", label: "Failed" },
          { value: "opted-out", label: "Opted out" },
        ]}
      />
      <Chosen filters={filters} onChange={onChange} />
    </div>
  );

  function onSearch(search: string) {
    const { search: _, ...others } = filters;
    onChange(search.trim() === "" ? others : { ...others, search: search.trim() }, true);
  }
}

interface SearchFieldProps {
  search: string | undefined;
  onSearch: (search: string) => void;
  field: RefObject<HTMLInputElement | null>;
  onDown: () => void;
}

function SearchField({ search = "", onSearch, field, onDown }: SearchFieldProps) {
  const [text, setText] = useState(search);
  const searchSoon = useDebouncedCallback(onSearch, TYPING_MS);
  // The address changes by itself when the user goes back.
  useEffect(() => setText((typed) => typed.trim() === search ? typed : search), [search]);

  function type(typed: string) {
    setText(typed);
    searchSoon(typed);
  }

  function clear() {
    setText("");
    searchSoon.cancel();
    onSearch("");
    field.current?.focus();
  }

  return (
    <TextInput
      ref={field}
      type="search"
      role="searchbox"
      flex={1}
      size="sm"
      aria-label="Search conversations and messages"
      placeholder="Search"
      leftSection={<Search size={16} aria-hidden />}
      rightSection={text !== "" && <CloseButton size="sm" aria-label="Clear the search" onClick={clear} />}
      value={text}
      maxLength={200}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Escape") {
          if (text === "") event.currentTarget.blur();
          else clear();
        }
        if (event.key === "Enter" || event.key === "ArrowDown") {
          event.preventDefault();
          searchSoon.flush();
          if (event.key === "ArrowDown") onDown();
        }
      }}
    />
  );
}

type ChosenProps = Pick<FilterBarProps, "filters" | "onChange">;

/** The filters that few need, in a popover. */
function MoreFilters({ filters, onChange, numbers }: ChosenProps & Pick<FilterBarProps, "numbers">) {
  const { data: tags = [] } = useTags();
  const choices = { number: numbers.length > 1 ? numbers : [], tag: tags };
  if (choices.number.length === 0 && choices.tag.length === 0) return null;
  return (
    <Popover position="bottom-end" width={260} trapFocus>
      <Indicator disabled={filters.number === undefined && filters.tag === undefined} size={8} offset={4}>
        <Popover.Target>
          <ActionIcon variant="default" size={36} aria-label="More filters">
            <ListFilter size={17} />
          </ActionIcon>
        </Popover.Target>
      </Indicator>
      <Popover.Dropdown>
        <Stack gap="sm">
          {choices.number.length > 0 && (
            <Select
              label="Your number"
              placeholder="All numbers"
              clearable
              clearButtonProps={{ "aria-label": "All numbers" }}
              comboboxProps={{ withinPortal: false }}
              data={choices.number.map((value) => ({ value, label: readable(value) }))}
              value={filters.number ?? null}
              onChange={(number) => onChange(withChoice(filters, "number", number))}
            />
          )}
          {choices.tag.length > 0 && (
            <Select
              label="Tag"
              placeholder="All tags"
              clearable
              searchable
              limit={100}
              clearButtonProps={{ "aria-label": "All tags" }}
              comboboxProps={{ withinPortal: false }}
              data={choices.tag}
              value={filters.tag ?? null}
              onChange={(tag) => onChange(withChoice(filters, "tag", tag))}
            />
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

/** The chosen filters of the popover, each with a button that removes it. */
function Chosen({ filters, onChange }: ChosenProps) {
  const { number, tag } = filters;
  if (number === undefined && tag === undefined) return null;
  return (
    <Pill.Group>
      {number !== undefined && (
        <ChosenPill
          label={readable(number)}
          onRemove={() => onChange(withChoice(filters, "number", null))}
        />
      )}
      {tag !== undefined && <ChosenPill label={tag} onRemove={() => onChange(withChoice(filters, "tag", null))} />}
    </Pill.Group>
  );
}

function ChosenPill({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <Pill
      withRemoveButton
      removeButtonProps={{ "aria-label": `Remove the filter ${label}`, "aria-hidden": undefined, tabIndex: 0 }}
      onRemove={onRemove}
      className="digits"
    >
      {label}
    </Pill>
  );
}

function withChoice(filters: Filters, name: "number" | "tag", value: string | null): Filters {
  const { [name]: _, ...others } = filters;
  return value === null ? others : { ...others, [name]: value };
}
