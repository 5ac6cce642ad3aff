import { Button, Group, Stack, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { modals } from "@mantine/modals";
import { Trash2 } from "lucide-react";
import {
  MAX_NAME_LENGTH,
  MAX_NOTES_LENGTH,
  MAX_TAG_LENGTH,
  MAX_TAGS,
} from "../../../supabase/functions/_shared/contacts/limits.ts";
import { problemOfTags, tagsOf } from "../../../supabase/functions/_shared/contacts/tags.ts";
import { readable } from "../phone/phone-format.ts";
import { useBusyDialog } from "../platform/busy-dialog.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { isFailure } from "../platform/failure.ts";
import { Loading } from "../platform/loading.tsx";
import { wordingOf } from "../platform/wording.ts";
import { LoadFailure } from "../platform/load-failure.tsx";
import { useHomeCountry } from "./use-home-country.ts";
import { type Contact, useContact, useDeleteContact, useSaveContact, useTags } from "./use-contacts.ts";

const DELETION = "delete-contact";

interface InDialog {
  /** The dialog's id. */
  dialog: string;
  onClose: () => void;
}

/** The form of the contact with a number, or for a new one. */
export function ContactDialog({ phoneNumber, ...dialog }: InDialog & { phoneNumber?: string }) {
  return phoneNumber === undefined
    ? <ContactForm {...dialog} />
    : <StoredContact phoneNumber={phoneNumber} {...dialog} />;
}

function StoredContact({ phoneNumber, ...dialog }: InDialog & { phoneNumber: string }) {
  const { data: contact, error, refetch } = useContact(phoneNumber);
  if (contact !== undefined) return <ContactForm phoneNumber={phoneNumber} contact={contact} {...dialog} />;
  if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  return <Loading h={320} label="Loading the contact" />;
}

const TAGS_WANTED = `Use at most ${MAX_TAGS} tags of at most ${MAX_TAG_LENGTH} characters`;

interface ContactFormProps extends InDialog {
  /** Absent: it is asked for. */
  phoneNumber?: string;
  contact?: Contact | null;
}

function ContactForm({ phoneNumber, contact = null, dialog, onClose }: ContactFormProps) {
  const { data: tags = [] } = useTags();
  const saving = useSaveContact();
  const defaultCountry = useHomeCountry();
  const form = useForm({
    initialValues: {
      phoneNumber: phoneNumber ?? "",
      name: contact?.name ?? "",
      tags: contact?.tags ?? [],
      notes: contact?.notes ?? "",
    },
    validate: {
      phoneNumber: (text) => text.trim() === "" ? "Enter a phone number" : null,
      tags: (chosen) => problemOfTags(tagsOf(chosen)) === null ? null : TAGS_WANTED,
    },
    validateInputOnChange: ["tags"],
  });
  useBusyDialog(dialog, saving.isPending, form.isDirty());
  const isUnplaced = saving.error !== null && Object.keys(form.errors).length === 0;

  const save = form.onSubmit((fields) => {
    saving.mutate({ ...fields, defaultCountry }, {
      onSuccess: () => onClose(),
      onError: (error) => form.setErrors(fieldErrorsOf(error)),
    });
  });

  return (
    <form onSubmit={save} noValidate>
      <Stack gap="md">
        {phoneNumber === undefined && (
          <TextInput
            label="Phone number"
            type="tel"
            placeholder="+1 415 555 0100"
            autoComplete="off"
            data-autofocus
            {...form.getInputProps("phoneNumber")}
          />
        )}
        <TextInput
          label="Name"
          autoComplete="off"
          maxLength={MAX_NAME_LENGTH}
          data-autofocus={phoneNumber === undefined ? undefined : true}
          {...form.getInputProps("name")}
        />
        <TagsInput
          label="Tags"
          placeholder={form.values.tags.length === 0 ? "Type a tag and press Enter" : ""}
          data={tags}
          limit={20}
          maxTags={MAX_TAGS}
          acceptValueOnBlur
          {...form.getInputProps("tags")}
        />
        <Textarea
          label="Notes"
          description="Only you see this"
          autosize
          minRows={3}
          maxRows={8}
          maxLength={MAX_NOTES_LENGTH}
          {...form.getInputProps("notes")}
        />
        {isUnplaced && <FailureAlert error={saving.error} />}
        <Group justify="space-between" gap="sm">
          {contact === null ? <span /> : <DeleteButton contact={contact} />}
          <Group gap="sm">
            <Button variant="default" disabled={saving.isPending} onClick={() => onClose()}>Cancel</Button>
            <Button type="submit" loading={saving.isPending}>{contact === null ? "Add contact" : "Save"}</Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}

/** The server's reasons by field, as far as it names fields of the form. */
function fieldErrorsOf(error: Error): Record<string, string> {
  if (!isFailure(error) || !("details" in error)) return {};
  const named = error.details.filter(({ field }) => /^(phoneNumber|name|tags|notes)/.test(String(field)));
  const byField = named.map(({ field, message }) => [String(field).split(/[.[]/)[0], `This ${message}`]);
  return error.code === "invalid_recipient" ? { phoneNumber: wordingOf(error).message } : Object.fromEntries(byField);
}

function DeleteButton({ contact: { phoneNumber } }: { contact: Contact }) {
  return (
    <Button
      variant="subtle"
      color="red"
      leftSection={<Trash2 size={16} />}
      onClick={() =>
        modals.open({
          modalId: DELETION,
          title: "Delete this contact?",
          children: <Deletion phoneNumber={phoneNumber} />,
        })}
    >
      Delete
    </Button>
  );
}

function Deletion({ phoneNumber }: { phoneNumber: string }) {
  const deletion = useDeleteContact();
  useBusyDialog(DELETION, deletion.isPending);
  return (
    <Stack gap="md">
      <Text size="sm">
        The name, the notes and the tags of {readable(phoneNumber)} are deleted. The messages stay.
      </Text>
      {deletion.error !== null && <FailureAlert error={deletion.error} />}
      <Group justify="end" gap="sm">
        <Button variant="default" data-autofocus onClick={() => modals.close(DELETION)}>Keep contact</Button>
        <Button
          color="red"
          loading={deletion.isPending}
          onClick={() => deletion.mutate(phoneNumber, { onSuccess: () => modals.closeAll() })}
        >
          Delete contact
        </Button>
      </Group>
    </Stack>
  );
}
