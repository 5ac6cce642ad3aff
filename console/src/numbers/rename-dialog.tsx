import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { readable } from "../phone/phone-format.ts";
import { type PhoneNumber, useChangeNumber } from "./use-numbers.ts";

export interface NumberDialogProps {
  number: PhoneNumber;
  opened: boolean;
  onClose: () => void;
}

/** Renames a number. Stays open if that fails; a toast shows the reason. */
export function RenameDialog({ number, opened, onClose }: NumberDialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Rename ${readable(number.phoneNumber)}`}
      centered
      radius="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Renaming number={number} onClose={onClose} />
    </Modal>
  );
}

function Renaming({ number, onClose }: Omit<NumberDialogProps, "opened">) {
  const [name, setName] = useState(number.friendlyName ?? "");
  const change = useChangeNumber();
  const friendlyName = name.trim();

  function rename(event: FormEvent) {
    event.preventDefault();
    change.mutate((switchboard) => switchboard.renameNumber({ numberId: number.id, friendlyName }), {
      onSuccess: onClose,
    });
  }

  return (
    <form onSubmit={rename}>
      <Stack gap="md">
        <TextInput
          label="Name"
          maxLength={64}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose} disabled={change.isPending}>Cancel</Button>
          <Button type="submit" loading={change.isPending} disabled={friendlyName === ""}>Save name</Button>
        </Group>
      </Stack>
    </form>
  );
}
