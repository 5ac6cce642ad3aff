import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { announce } from "../platform/notify.ts";
import { readable } from "../phone/phone-format.ts";
import { givenName, LONGEST_NAME } from "./number-name.ts";
import { type PhoneNumber, useNumberAction } from "./use-numbers.ts";

export interface NumberDialogProps {
  number: PhoneNumber;
  onClose: () => void;
}

/** Gives a number another name. */
export function RenameDialog({ number: { id, phoneNumber, friendlyName }, onClose }: NumberDialogProps) {
  const form = useForm({
    initialValues: { name: givenName(friendlyName) ?? "" },
    validate: { name: (name) => name.trim() === "" ? "Enter a name" : null },
  });
  const rename = useNumberAction({
    key: ["rename-number", id],
    act: (switchboard, name: string) => switchboard.renameNumber({ numberId: id, friendlyName: name }),
    onDone: (_renamed, name) => {
      announce({ title: "Name saved", message: `${readable(phoneNumber)} is now “${name}”` });
      onClose();
    },
  });
  return (
    <form onSubmit={form.onSubmit(({ name }) => rename.run(name.trim()))} noValidate>
      <Stack gap="md">
        <TextInput
          label="Name"
          description="Only you see this"
          placeholder="Support line"
          maxLength={LONGEST_NAME}
          data-autofocus
          {...form.getInputProps("name")}
        />
        {rename.error !== null && <FailureAlert error={rename.error} />}
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={rename.isPending}>Save name</Button>
        </Group>
      </Stack>
    </form>
  );
}
