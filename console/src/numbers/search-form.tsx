import { Button, Checkbox, Group, Input, SegmentedControl, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { Search } from "lucide-react";
import { checkedAfterPress } from "../platform/after-press.ts";
import { COUNTRIES } from "./countries.ts";
import {
  criteriaOf,
  FEW,
  FIRST_SEARCH,
  type NumberType,
  SEARCH_RULES,
  takesAreaCode,
  takesLocality,
} from "./number-search.ts";
import type { NumberSearch } from "./use-number-search.ts";

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
  const form = useForm({ initialValues: FIRST_SEARCH, validate: SEARCH_RULES, validateInputOnBlur: true });
  const { values } = form;
  const hasAreaCode = takesAreaCode(values);
  const hasLocality = takesLocality(values);
  return (
    <form onSubmit={form.onSubmit((fields) => onSearch(criteriaOf(fields, FEW)))} aria-label="Find a number" noValidate>
      <Stack
        renderRoot={(props) => <fieldset {...props} disabled={disabled} />}
        gap="sm"
        m={0}
        p={0}
        bd={0}
        miw={0}
      >
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
          <Select
            label="Country"
            data={COUNTRIES}
            searchable
            allowDeselect={false}
            disabled={disabled}
            {...form.getInputProps("country")}
          />
          <Input.Wrapper label="Type" labelElement="div">
            <SegmentedControl
              fullWidth
              aria-label="Type"
              data={TYPES}
              disabled={disabled}
              value={values.type}
              onChange={(type) =>
                form.setFieldValue("type", type as NumberType)}
            />
          </Input.Wrapper>
        </SimpleGrid>
        <SimpleGrid
          cols={{ base: 1, xs: 1 + Number(hasAreaCode) + Number(hasLocality) }}
          spacing="sm"
          verticalSpacing="sm"
        >
          {hasAreaCode && (
            <TextInput
              label="Area code"
              placeholder="415"
              inputMode="numeric"
              maxLength={3}
              {...checkedAfterPress(form.getInputProps("areaCode"))}
            />
          )}
          {hasLocality && (
            <TextInput
              label="City"
              placeholder="Any"
              maxLength={100}
              {...checkedAfterPress(form.getInputProps("locality"))}
            />
          )}
          <TextInput
            label="Contains"
            placeholder="555 or HELLO"
            maxLength={17}
            {...checkedAfterPress(form.getInputProps("contains"))}
          />
        </SimpleGrid>
        <Group justify="space-between" gap="sm">
          <Group gap="md" role="group" aria-label="Besides SMS">
            <Checkbox label="Can send MMS" {...form.getInputProps("mms", { type: "checkbox" })} />
            <Checkbox label="Can take calls" {...form.getInputProps("voice", { type: "checkbox" })} />
          </Group>
          <Button type="submit" loading={isSearching} leftSection={<Search size={17} />}>Search</Button>
        </Group>
      </Stack>
    </form>
  );
}
