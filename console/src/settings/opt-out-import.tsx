import { Alert, Button, FileButton, Group, List, Stack, Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { modals } from "@mantine/modals";
import { Check, Download, Upload } from "lucide-react";
import { useBusyDialog } from "../platform/busy-dialog.ts";
import { csvOf, download } from "../platform/download.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { loadInTime } from "../platform/load-in-time.ts";
import { wordingOf } from "../platform/wording.ts";
import { type ImportResult, MOST_IMPORTED, type OptOutRow, optOutRows } from "./opt-out-rows.ts";
import { useImportOptOuts } from "./use-opt-outs.ts";

const DIALOG = "import-opt-outs";
const SHOWN_REJECTIONS = 20;
const number = new Intl.NumberFormat();

/** Opens the dialog that imports opt-outs from a file or a pasted list. */
export function openOptOutImport(): void {
  modals.open({ modalId: DIALOG, title: "Import opt-outs", size: "lg", children: <OptOutImport /> });
}

function OptOutImport() {
  const importing = useImportOptOuts();
  const form = useForm({ initialValues: { text: "" } });
  useBusyDialog(DIALOG, importing.isPending, form.isDirty());

  async function importAll({ text }: { text: string }) {
    if (importing.isPending) return;
    let rows: OptOutRow[];
    try {
      rows = await rowsOf(text);
    } catch (error) {
      return form.setFieldError("text", wordingOf(error).message);
    }
    if (rows.length === 0) return form.setFieldError("text", "There is no number in this text");
    if (rows.length > MOST_IMPORTED) {
      return form.setFieldError(
        "text",
        `These are ${number.format(rows.length)} opt-outs. Import at most ${number.format(MOST_IMPORTED)} at a time`,
      );
    }
    importing.mutate(rows, { onSuccess: (result) => show(result, rows.length) });
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
          One number a line. Or choose a CSV file whose first line names the columns: recipient, and if you have them
          from and optedOutAt. Importing a list again adds nothing twice.
        </Text>
        <Textarea
          label="Opt-outs"
          placeholder="+14155550142"
          autosize
          minRows={6}
          maxRows={14}
          data-autofocus
          {...form.getInputProps("text")}
        />
        {importing.error !== null && <FailureAlert error={importing.error} />}
        <Group justify="space-between" gap="sm">
          <FileButton accept="text/csv,text/plain,.csv,.txt" onChange={(file) => void read(file)}>
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

async function rowsOf(text: string): Promise<OptOutRow[]> {
  // The parser is large, and needed here alone.
  const { default: Papa } = await loadInTime(() => import("papaparse"));
  const cells: string[][] = Papa.parse(text.trim()).data;
  return optOutRows(cells);
}

function show(result: ImportResult, count: number): void {
  modals.close(DIALOG);
  modals.open({ title: "Import of opt-outs", size: "lg", children: <Result result={result} count={count} /> });
}

function Result({ result: { added, known, rejected, done, error }, count }: { result: ImportResult; count: number }) {
  return (
    <Stack gap="md">
      {error !== null && (
        <>
          <FailureAlert error={error} />
          <Text size="sm">
            {number.format(done)} of {number.format(count)}{" "}
            lines were imported before. Import the same list again: nothing is added twice.
          </Text>
        </>
      )}
      {done > 0 && (
        <Alert color={error === null ? "teal" : "gray"} variant="light" icon={<Check />}>
          {number.format(added)} added, {number.format(known)} known already
        </Alert>
      )}
      {rejected.length > 0 && (
        <div>
          <Text size="sm" fw={600}>
            {rejected.length === 1
              ? "1 line was not imported"
              : `${number.format(rejected.length)} lines were not imported`}
          </Text>
          <List size="sm" mt={4}>
            {rejected.slice(0, SHOWN_REJECTIONS).map(({ line, recipient, message }) => (
              <List.Item key={line} style={{ overflowWrap: "anywhere" }}>
                Line {line}: “{recipient}” {message}
              </List.Item>
            ))}
          </List>
          {rejected.length > SHOWN_REJECTIONS && (
            <Text size="sm" c="dimmed">and {number.format(rejected.length - SHOWN_REJECTIONS)} more</Text>
          )}
          <Button
            mt="sm"
            size="xs"
            variant="default"
            leftSection={<Download size={14} />}
            onClick={() =>
              download(
                "rejected-opt-outs.csv",
                csvOf(["line", "recipient", "reason"], rejected.map((row) => [row.line, row.recipient, row.message])),
              )}
          >
            Download these lines
          </Button>
        </div>
      )}
      <Group justify="end">
        <Button data-autofocus onClick={() => modals.closeAll()}>Done</Button>
      </Group>
    </Stack>
  );
}
