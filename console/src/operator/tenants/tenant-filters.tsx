import { ActionIcon, Button, Chip, CloseButton, Group, Select, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedCallback, useLocalStorage } from "@mantine/hooks";
import { BookmarkPlus, Search, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { openDialog } from "../../platform/dialogs.tsx";
import { addressOf, type Order, queryOf, type TenantsQuery, type View, VIEW_LABELS, VIEWS } from "./query.ts";
import { SaveFilter } from "./save-filter.tsx";
import { filterWith, type SavedFilter, savedFiltersOf, withFilter, withoutFilter } from "./saved-filters.ts";
import { usePlanNames } from "./use-tenants.ts";

/** How long after the last key a search starts. */
const TYPING_MS = 250;

const ORDER_LABELS: Readonly<Record<Order, string>> = {
  newest: "Newest first",
  oldest: "Oldest first",
  id: "By user id",
};

export interface TenantFiltersProps {
  query: TenantsQuery;
  /** `isTyping`: the address changes without an entry in the history. */
  onChange: (query: TenantsQuery, isTyping?: boolean) => void;
}

/** The filters of the list, with those that the operator has saved. */
export function TenantFilters({ query, onChange }: TenantFiltersProps) {
  const { data: plans } = usePlanNames();
  return (
    <>
      <Views query={query} onChange={onChange} />
      <Group gap="sm">
        <SearchField
          search={query.search}
          onSearch={(text) => {
            const { search: _, ...others } = query;
            const search = text.trim();
            onChange(search === "" ? others : { ...others, search }, true);
          }}
        />
        <Select
          aria-label="Plan"
          placeholder="All plans"
          clearable
          flex="1 1 120px"
          maw={220}
          clearButtonProps={{ "aria-label": "All plans" }}
          data={planChoices(plans, query.plan)}
          value={query.plan ?? null}
          onChange={(plan) => {
            const { plan: _, ...others } = query;
            onChange(plan === null ? others : { ...others, plan });
          }}
        />
        <Select
          aria-label="Order"
          allowDeselect={false}
          flex="1 1 120px"
          maw={180}
          data={Object.entries(ORDER_LABELS).map(([value, label]) => ({ value, label }))}
          value={query.order}
          onChange={(order) => onChange({ ...query, order: order as Order })}
        />
      </Group>
    </>
  );
}

/** The chosen plan is a choice also before the plans are read, and if it does not exist. */
function planChoices(plans: ReadonlyMap<string, string> | undefined, chosen: string | undefined) {
  const all = new Map(plans ?? []);
  if (chosen !== undefined && !all.has(chosen)) all.set(chosen, chosen);
  return [...all].map(([value, label]) => ({ value, label }));
}

const SAVED = "saved:";

/** The usual filters and the saved ones, of which one is chosen. */
function Views({ query, onChange }: TenantFiltersProps) {
  const [saved, setSaved] = useLocalStorage<SavedFilter[]>({
    key: "switchboard:operator:tenant-filters",
    defaultValue: [],
    getInitialValueInEffect: false,
    deserialize: (text) => savedFiltersOf(text ?? null),
  });
  const chosen = filterWith(saved, query);
  const isPlain = addressOf(query) === addressOf({ view: query.view, order: query.order });

  function choose(value: string) {
    const named = value.startsWith(SAVED) && saved.find(({ name }) => name === value.slice(SAVED.length));
    onChange(named ? queryOf(new URLSearchParams(named.address)) : { ...query, view: value as View });
  }

  return (
    <Group gap="xs">
      <Chip.Group value={chosen === undefined ? query.view : SAVED + chosen.name} onChange={choose}>
        <Group gap="xs" role="radiogroup" aria-label="Show">
          {VIEWS.map((view) => <Chip key={view} value={view} size="sm" radius="xl">{VIEW_LABELS[view]}</Chip>)}
          {saved.map(({ name }) => (
            <Chip key={SAVED + name} value={SAVED + name} size="sm" radius="xl" className="saved-filter">{name}</Chip>
          ))}
        </Group>
      </Chip.Group>
      {chosen !== undefined && (
        <Tooltip label="Remove the saved filter">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove the saved filter ${chosen.name}`}
            onClick={() => setSaved((all) => withoutFilter(all, chosen.name))}
          >
            <Trash2 size={16} />
          </ActionIcon>
        </Tooltip>
      )}
      {chosen === undefined && !isPlain && (
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<BookmarkPlus size={15} />}
          onClick={() =>
            openDialog("Save this filter", (close) => (
              <SaveFilter
                taken={saved.map(({ name }) => name)}
                onSave={(name) => {
                  setSaved((all) => withFilter(all, name, query));
                  close();
                }}
                onClose={close}
              />
            ))}
        >
          Save this filter
        </Button>
      )}
    </Group>
  );
}

function SearchField({ search = "", onSearch }: { search: string | undefined; onSearch: (search: string) => void }) {
  const [text, setText] = useState(search);
  const searchSoon = useDebouncedCallback(onSearch, TYPING_MS);
  // The address changes by itself when the user goes back.
  useEffect(() => setText((typed) => typed.trim() === search ? typed : search), [search]);

  function clear() {
    setText("");
    searchSoon.cancel();
    onSearch("");
  }

  return (
    <TextInput
      type="search"
      role="searchbox"
      flex="4 1 260px"
      aria-label="Search tenants"
      placeholder="Email, number, SID or id"
      leftSection={<Search size={16} aria-hidden />}
      rightSection={text !== "" && <CloseButton size="sm" aria-label="Clear the search" onClick={clear} />}
      value={text}
      maxLength={320}
      onChange={({ currentTarget: { value } }) => {
        setText(value);
        searchSoon(value);
      }}
      onKeyDown={({ key, nativeEvent }) => {
        if (nativeEvent.isComposing) return;
        if (key === "Escape" && text !== "") clear();
        if (key === "Enter") searchSoon.flush();
      }}
    />
  );
}
