import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { readable } from "../phone/phone-format.ts";
import type { NumberDialogProps } from "./rename-dialog.tsx";
import { useChangeNumber } from "./use-numbers.ts";

/** Asks the tenant to type the number before it is released, because a release is final. */
export function ReleaseDialog({ number, opened, onClose }: NumberDialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Release this number?"
      centered
      radius="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Release number={number} onClose={onClose} />
    </Modal>
  );
}

function Release({ number: { id, phoneNumber, isPrimary }, onClose }: Omit<NumberDialogProps, "opened">) {
  const [typed, setTyped] = useState("");
  const change = useChangeNumber();
  const isTyped = digitsOf(typed) === digitsOf(phoneNumber);

  function release(event: FormEvent) {
    event.preventDefault();
    change.mutate((switchboard) => switchboard.releaseNumber({ numberId: id, confirmPhoneNumber: phoneNumber }), {
      onSuccess: () => {
        notifications.show({
          color: "teal",
          title: `${readable(phoneNumber)} is released`,
          message: "You are no longer billed for it",
        });
        onClose();
      },
    });
  }

  return (
    <form onSubmit={release}>
      <Stack gap="md">
        <Text size="sm">
          {readable(phoneNumber)} returns to Twilio, and another customer may buy it. Its messages stay here.
          {isPrimary && " Your oldest other number becomes your primary number."}
        </Text>
        <TextInput
          label={`Type ${readable(phoneNumber)} to confirm`}
          data-autofocus
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose} disabled={change.isPending}>Cancel</Button>
          <Button type="submit" color="red" loading={change.isPending} disabled={!isTyped}>Release number</Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The digits alone, so that spaces and punctuation do not matter. */
const digitsOf = (text: string) => text.replaceAll(/\D/g, "");
