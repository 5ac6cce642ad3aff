import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { LONGEST_NAME } from "./saved-filters.ts";

export interface SaveFilterProps {
  /** Names of saved filters: a filter of the same name is replaced. */
  taken: readonly string[];
  onSave: (name: string) => void;
  onClose: () => void;
}

/** Asks for the name of a filter. */
export function SaveFilter({ taken, onSave, onClose }: SaveFilterProps) {
  const form = useForm({
    initialValues: { name: "" },
    validate: { name: (name) => name.trim() === "" ? "Give it a name" : null },
  });
  const isTaken = taken.includes(form.values.name.trim());
  return (
    <form onSubmit={form.onSubmit(({ name }) => onSave(name))}>
      <Stack gap="md">
        <TextInput
          label="Name"
          description="The filter is kept in this browser, with its search, plan and order."
          data-autofocus
          maxLength={LONGEST_NAME}
          autoComplete="off"
          {...form.getInputProps("name")}
        />
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit">{isTaken ? "Replace" : "Save"}</Button>
        </Group>
      </Stack>
    </form>
  );
}
