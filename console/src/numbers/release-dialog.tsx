import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { readable } from "./phone-format.ts";
import type { NumberDialogProps } from "./rename-dialog.tsx";
import { useChangeNumber } from "./use-numbers.ts";

/** Asks before a number is given back, which is final: it is typed once more. */
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
          message: "It costs nothing any more",
        });
        onClose();
      },
    });
  }

  return (
    <form onSubmit={release}>
      <Stack gap="md">
        <Text size="sm">
          Twilio takes {readable(phoneNumber)} back, and somebody else may buy it. Its messages stay here.
          {isPrimary && " Your oldest other number becomes the primary one."}
        </Text>
        <TextInput
          label={`Type ${readable(phoneNumber)} to go on`}
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

/** However it is written. */
const digitsOf = (text: string) => text.replaceAll(/\D/g, "");
