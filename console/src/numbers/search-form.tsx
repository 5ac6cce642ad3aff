import { Button, Input, SegmentedControl, Select, TextInput } from "@mantine/core";
import { Search } from "lucide-react";
import { type FormEvent, useState } from "react";
import { COUNTRIES, hasAreaCodes } from "./countries.ts";
import type { NumberSearch, NumberType } from "./use-number-search.ts";

const TYPES = [
  { value: "local", label: "Local" },
  { value: "mobile", label: "Mobile" },
  { value: "tollFree", label: "Toll-free" },
];

export interface SearchFormProps {
  onSearch: (search: NumberSearch) => void;
  isSearching: boolean;
  disabled: boolean;
}

/** The criteria of a number search. */
export function SearchForm({ onSearch, isSearching, disabled }: SearchFormProps) {
  const [search, setSearch] = useState<NumberSearch>({ country: "US", type: "local", areaCode: "", contains: "" });
  const change = (part: Partial<NumberSearch>) => setSearch((current) => ({ ...current, ...part }));
  const takesAreaCode = hasAreaCodes(search.country) && search.type === "local";

  function submit(event: FormEvent) {
    event.preventDefault();
    onSearch({ ...search, areaCode: takesAreaCode ? search.areaCode : "", contains: search.contains.trim() });
  }

  return (
    <form onSubmit={submit} aria-label="Find a number">
      <fieldset disabled={disabled} className="search-form">
        <Select
          label="Country"
          data={COUNTRIES}
          value={search.country}
          onChange={(country) => change({ country: country ?? "US" })}
          searchable
          allowDeselect={false}
          disabled={disabled}
        />
        <Input.Wrapper label="Type" labelElement="div">
          <SegmentedControl
            fullWidth
            aria-label="Type"
            data={TYPES}
            value={search.type}
            onChange={(type) => change({ type: type as NumberType })}
            disabled={disabled}
          />
        </Input.Wrapper>
        <TextInput
          label="Area code"
          placeholder={takesAreaCode ? "415" : "N/A"}
          inputMode="numeric"
          pattern="[0-9]{3}"
          title="Three digits"
          maxLength={3}
          disabled={!takesAreaCode}
          value={takesAreaCode ? search.areaCode : ""}
          onChange={(event) => change({ areaCode: event.currentTarget.value })}
        />
        <TextInput
          label="Contains"
          placeholder="555 or HELLO"
          pattern="\s*\+?[0-9A-Za-z*]{2,16}\s*"
          title="2 to 16 digits, letters or *"
          value={search.contains}
          onChange={(event) => change({ contains: event.currentTarget.value })}
        />
        <Button type="submit" loading={isSearching} leftSection={<Search size={17} />}>Search</Button>
      </fieldset>
    </form>
  );
}
