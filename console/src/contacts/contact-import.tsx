import { Alert, Button, FileButton, Group, List, Stack, Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { modals } from "@mantine/modals";
import { Check, Upload } from "lucide-react";
import type { ImportedContacts } from "../../../client/switchboard.ts";
import { MAX_IMPORTED } from "../../../supabase/functions/_shared/contacts/limits.ts";
import { useBusyDialog } from "../platform/busy-dialog.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { loadInTime } from "../platform/load-in-time.ts";
import { wordingOf } from "../platform/wording.ts";
import { type PastedContact, pastedContacts } from "./pasted-contacts.ts";
import { useHomeCountry } from "./use-home-country.ts";
import { useImportContacts } from "./use-contacts.ts";

const DIALOG = "import-contacts";
const SHOWN_REJECTIONS = 20;

/** Opens the dialog that imports contacts from a file or a pasted table. */
export function openContactImport(): void {
  modals.open({ modalId: DIALOG, title: "Import contacts", size: "lg", children: <ContactImport /> });
}

function ContactImport() {
  const importing = useImportContacts();
  const defaultCountry = useHomeCountry();
  const form = useForm({ initialValues: { text: "" } });
  useBusyDialog(DIALOG, importing.isPending, form.isDirty());

  async function importAll({ text }: { text: string }) {
    let rows: PastedContact[];
    try {
      rows = await rowsOf(text);
    } catch (error) {
      return form.setFieldError("text", wordingOf(error).message);
    }
    if (rows.length === 0) return form.setFieldError("text", "There is no contact in this text");
    if (rows.length > MAX_IMPORTED) {
      return form.setFieldError("text", `These are ${rows.length} contacts. Import at most ${MAX_IMPORTED} at a time`);
    }
    importing.mutate({ contacts: rows.map(({ contact }) => contact), defaultCountry }, {
      onSuccess: (result) => show(result, rows),
    });
  }

  async function read(file: File | null) {
    if (file === null) return;
    try {
      form.setFieldValue("text", await file.text());
    } catch {
      form.setFieldError("text", "This file cannot be read. Choose it again");
    }
  }

  return (
    <form onSubmit={form.onSubmit((values) => void importAll(values))}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          One contact a line: number, name, tags, notes. Or choose a CSV file whose first line names the columns.
          Separate several tags with |. What is known about a number stays where a cell is empty.
        </Text>
        <Textarea
          label="Contacts"
          placeholder="+14155550142, Ada Lovelace, VIP | London"
          autosize
          minRows={6}
          maxRows={14}
          data-autofocus
          {...form.getInputProps("text")}
        />
        {importing.error !== null && <FailureAlert error={importing.error} />}
        <Group justify="space-between" gap="sm">
          <FileButton
            accept="text/csv,text/plain,.csv,.txt"
            onChange={(file) => void read(file)}
          >
            {(props) => <Button {...props} variant="default" leftSection={<Upload size={16} />}>Choose a file</Button>}
          </FileButton>
          <Group gap="sm">
            <Button variant="default" disabled={importing.isPending} onClick={() => modals.close(DIALOG)}>
              Cancel
            </Button>
            <Button type="submit" loading={importing.isPending} disabled={form.values.text.trim() === ""}>
              Import
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}

async function rowsOf(text: string): Promise<PastedContact[]> {
  // The parser is large, and needed here alone.
  const { default: Papa } = await loadInTime(() => import("papaparse"));
  const cells: string[][] = Papa.parse(text.trim()).data;
  return pastedContacts(cells);
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
      {rejected.length > 0 && (
        <div>
          <Text size="sm" fw={600}>
            {rejected.length === 1 ? "1 line was not imported" : `${rejected.length} lines were not imported`}
          </Text>
          <List size="sm" mt={4}>
            {rejected.slice(0, SHOWN_REJECTIONS).map(({ index, message }) => (
              <List.Item key={index}>Line {rows[index]?.line ?? index + 1}: {message}</List.Item>
            ))}
          </List>
          {rejected.length > SHOWN_REJECTIONS && (
            <Text size="sm" c="dimmed">and {rejected.length - SHOWN_REJECTIONS} more</Text>
          )}
        </div>
      )}
      <Group justify="end">
        <Button data-autofocus onClick={() => modals.closeAll()}>Done</Button>
      </Group>
    </Stack>
  );
}
