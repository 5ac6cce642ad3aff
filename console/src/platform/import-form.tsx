import { Button, FileButton, Group, List, Stack, Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { modals } from "@mantine/modals";
import { Upload } from "lucide-react";
import type { ReactNode } from "react";
import { useBusyDialog } from "./busy-dialog.ts";
import { FailureAlert } from "./failure-alert.tsx";
import { readTable, textOf } from "./read-table.ts";
import type { TableRow } from "./table.ts";
import { wordingOf } from "./wording.ts";

const number = new Intl.NumberFormat();

export interface ImportFormProps<Row> {
  /** The id of the dialog that has the form. */
  dialog: string;
  /** What a row is, such as `contact`. */
  noun: string;
  label: string;
  placeholder: string;
  /** How many rows are imported at a time. */
  most: number;
  rowsOf: (table: readonly TableRow[]) => Row[];
  importing: { isPending: boolean; error: Error | null };
  onImport: (rows: Row[]) => void;
  /** What a line consists of. */
  children: ReactNode;
}

/** Imports rows from a CSV file or a pasted table. */
export function ImportForm<Row>(
  { dialog, noun, label, placeholder, most, rowsOf, importing, onImport, children }: ImportFormProps<Row>,
) {
  const form = useForm({ initialValues: { text: "" } });
  useBusyDialog(dialog, importing.isPending, form.isDirty());

  async function importAll({ text }: { text: string }) {
    if (importing.isPending) return;
    try {
      const rows = rowsOf(await readTable(text));
      const fault = faultOf(rows.length, most, noun);
      if (fault === null) onImport(rows);
      else form.setFieldError("text", fault);
    } catch (error) {
      form.setFieldError("text", wordingOf(error).message);
    }
  }

  async function read(file: File | null) {
    if (file === null) return;
    try {
      form.setFieldValue("text", await textOf(file));
    } catch (error) {
      form.setFieldError("text", wordingOf(error).message);
    }
  }

  return (
    <form onSubmit={form.onSubmit((values) => void importAll(values))}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">{children}</Text>
        <Textarea
          label={label}
          placeholder={placeholder}
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
            <Button variant="default" disabled={importing.isPending} onClick={() => modals.close(dialog)}>
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

function faultOf(rows: number, most: number, noun: string): string | null {
  if (rows === 0) return `There is no ${noun} in this text`;
  if (rows <= most) return null;
  return `These are ${number.format(rows)} ${noun}s. Import at most ${number.format(most)} at a time`;
}

const SHOWN_LINES = 20;

/** The lines that were not imported, and why. */
export function RejectedLines(
  { lines, children }: { lines: readonly { line: number; reason: string }[]; children?: ReactNode },
) {
  if (lines.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={600}>
        {lines.length === 1 ? "1 line was not imported" : `${number.format(lines.length)} lines were not imported`}
      </Text>
      <List size="sm" mt={4}>
        {lines.slice(0, SHOWN_LINES).map(({ line, reason }) => (
          <List.Item key={line} style={{ overflowWrap: "anywhere" }}>Line {line}: {reason}</List.Item>
        ))}
      </List>
      {lines.length > SHOWN_LINES && (
        <Text size="sm" c="dimmed">and {number.format(lines.length - SHOWN_LINES)} more</Text>
      )}
      {children}
    </div>
  );
}
