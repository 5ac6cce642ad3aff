import { Alert, Button, Group, Stack } from "@mantine/core";
import { modals } from "@mantine/modals";
import { Check } from "lucide-react";
import type { ImportedContacts } from "../../../client/switchboard.ts";
import { MAX_IMPORTED } from "../../../supabase/functions/_shared/contacts/limits.ts";
import { ImportForm, RejectedLines } from "../platform/import-form.tsx";
import { type PastedContact, pastedContacts } from "./pasted-contacts.ts";
import { useHomeCountry } from "./use-home-country.ts";
import { useImportContacts } from "./use-contacts.ts";

const DIALOG = "import-contacts";

/** Opens the dialog that imports contacts from a file or a pasted table. */
export function openContactImport(): void {
  modals.open({ modalId: DIALOG, title: "Import contacts", size: "lg", children: <ContactImport /> });
}

function ContactImport() {
  const importing = useImportContacts();
  const defaultCountry = useHomeCountry();
  return (
    <ImportForm
      dialog={DIALOG}
      noun="contact"
      label="Contacts"
      placeholder="+14155550142, Ada Lovelace, VIP | London"
      most={MAX_IMPORTED}
      rowsOf={pastedContacts}
      importing={importing}
      onImport={(rows) =>
        importing.mutate({ contacts: rows.map(({ contact }) => contact), defaultCountry }, {
          onSuccess: (result) => show(result, rows),
        })}
    >
      One contact a line: number, name, tags, notes. Or choose a CSV file whose first line names the columns. Separate
      several tags with |. What is known about a number stays where a cell is empty.
    </ImportForm>
  );
}

function show(result: ImportedContacts, rows: readonly PastedContact[]): void {
  modals.close(DIALOG);
  modals.open({ title: "Contacts imported", size: "lg", children: <ImportResult result={result} rows={rows} /> });
}

function ImportResult({ result, rows }: { result: ImportedContacts; rows: readonly PastedContact[] }) {
  const { added, updated, unchanged, rejected } = result;
  return (
    <Stack gap="md">
      <Alert color="teal" variant="light" icon={<Check />}>
        {added} added, {updated} updated, {unchanged} unchanged
      </Alert>
      <RejectedLines
        lines={rejected.map(({ index, message }) => ({ line: rows[index]?.line ?? index + 1, reason: message }))}
      />
      <Group justify="end">
        <Button data-autofocus onClick={() => modals.closeAll()}>Done</Button>
      </Group>
    </Stack>
  );
}
