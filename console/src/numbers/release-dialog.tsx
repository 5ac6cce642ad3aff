import { Button, Group, List, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { announce } from "../platform/notify.ts";
import { readable } from "../phone/phone-format.ts";
import type { NumberDialogProps } from "./rename-dialog.tsx";
import { useNumberAction } from "./use-numbers.ts";

/** Asks the tenant to type the number before it is released, because a release is final. */
export function ReleaseDialog({ number: { id, phoneNumber, isPrimary }, onClose }: NumberDialogProps) {
  const form = useForm({
    initialValues: { typed: "" },
    validate: { typed: (typed) => digitsOf(typed) === digitsOf(phoneNumber) ? null : "Type the number as shown" },
  });
  const release = useNumberAction({
    key: ["release-number", id],
    act: (switchboard, confirmed: string) => switchboard.releaseNumber({ numberId: id, confirmPhoneNumber: confirmed }),
    onDone: ({ primary }) => {
      const next = isPrimary && primary !== null ? `. ${readable(primary.phoneNumber)} is your primary number now` : "";
      announce({ title: `${readable(phoneNumber)} is released`, message: `You're no longer billed for it${next}` });
      onClose();
    },
  });
  return (
    <form onSubmit={form.onSubmit(() => release.run(phoneNumber))}>
      <Stack gap="md">
        <Text size="sm">This is final: the number returns to Twilio, and another customer may buy it.</Text>
        <List size="sm" spacing={6}>
          <List.Item>You can no longer send from it, and messages to it no longer arrive here.</List.Item>
          <List.Item>Its conversations stay in your inbox.</List.Item>
          <List.Item>
            You're no longer billed for it: there is no fee after the month that you already pay for.
          </List.Item>
          {isPrimary && <List.Item>Your oldest other number that can send becomes your primary number.</List.Item>}
        </List>
        <TextInput
          label={`Type ${readable(phoneNumber)} to confirm`}
          data-autofocus
          autoComplete="off"
          inputMode="tel"
          {...form.getInputProps("typed")}
        />
        {release.error !== null && <FailureAlert error={release.error} />}
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" color="red" loading={release.isPending} disabled={!form.isValid()}>
            Release number
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The digits alone, so that spaces and punctuation do not matter. */
const digitsOf = (text: string) => text.replaceAll(/\D/g, "");
