import { Alert, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { modals } from "@mantine/modals";
import { useHomeCountry } from "../contacts/use-home-country.ts";
import { useNumbers } from "../numbers/use-numbers.ts";
import { readable } from "../phone/phone-format.ts";
import { useBusyDialog } from "../platform/busy-dialog.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { announce } from "../platform/notify.ts";
import { useAddOptOuts } from "./use-opt-outs.ts";

const DIALOG = "new-opt-out";

/** Opens the dialog that adds one opt-out. */
export function openNewOptOut(): void {
  modals.open({
    modalId: DIALOG,
    title: "Add an opt-out",
    children: <NewOptOut onClose={() => modals.close(DIALOG)} />,
  });
}

function NewOptOut({ onClose }: { onClose: () => void }) {
  const adding = useAddOptOuts();
  const defaultCountry = useHomeCountry();
  const { data: own } = useNumbers();
  const form = useForm({
    initialValues: { recipient: "", from: null as string | null },
    validate: { recipient: (text) => text.trim() === "" ? "Enter a phone number" : null },
  });
  useBusyDialog(DIALOG, adding.isPending, form.isDirty());

  const add = form.onSubmit(({ recipient, from }) => {
    if (adding.isPending) return;
    adding.mutate({ optOuts: [{ recipient, from }], source: "manual", defaultCountry }, {
      onSuccess: ({ added, rejected: [rejected] }) => {
        if (rejected !== undefined) return form.setFieldError("recipient", `This ${rejected.message}`);
        announce(
          added > 0
            ? { title: "Opt-out added", message: "Nothing is sent to this number any more" }
            : { title: "This opt-out was there already", kind: "info" },
        );
        onClose();
      },
    });
  });

  return (
    <form noValidate onSubmit={add}>
      <Stack gap="md">
        <TextInput
          label="Phone number"
          type="tel"
          placeholder="+1 415 555 0100"
          autoComplete="off"
          data-autofocus
          {...form.getInputProps("recipient")}
        />
        <Select
          label="May not be written to from"
          placeholder="All of your numbers"
          clearable
          clearButtonProps={{ "aria-label": "All of your numbers" }}
          data={(own?.numbers ?? []).map(({ phoneNumber }) => ({ value: phoneNumber, label: readable(phoneNumber) }))}
          {...form.getInputProps("from")}
        />
        <Alert color="yellow" variant="light">
          <Text size="sm">You cannot undo this: only the recipient can, by writing START to your number.</Text>
        </Alert>
        {adding.error !== null && <FailureAlert error={adding.error} />}
        <Group justify="end" gap="sm">
          <Button variant="default" disabled={adding.isPending} onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={adding.isPending}>Add opt-out</Button>
        </Group>
      </Stack>
    </form>
  );
}
