import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { Check, Download } from "lucide-react";
import { csvOf, download } from "../platform/download.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { ImportForm, RejectedLines } from "../platform/import-form.tsx";
import { type ImportResult, MOST_IMPORTED, optOutRows } from "./opt-out-rows.ts";
import { useImportOptOuts } from "./use-opt-outs.ts";

const DIALOG = "import-opt-outs";
const number = new Intl.NumberFormat();

/** Opens the dialog that imports opt-outs from a file or a pasted list. */
export function openOptOutImport(): void {
  modals.open({ modalId: DIALOG, title: "Import opt-outs", size: "lg", children: <OptOutImport /> });
}

function OptOutImport() {
  const importing = useImportOptOuts();
  return (
    <ImportForm
      dialog={DIALOG}
      noun="opt-out"
      label="Opt-outs"
      placeholder="+14155550142"
      most={MOST_IMPORTED}
      rowsOf={optOutRows}
      importing={importing}
      onImport={(rows) => importing.mutate(rows, { onSuccess: (result) => show(result, rows.length) })}
    >
      One number a line. Or choose a CSV file whose first line names the columns: recipient, and if you have them from
      and optedOutAt. Importing a list again adds nothing twice.
    </ImportForm>
  );
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
      <RejectedLines
        lines={rejected.map(({ line, recipient, message }) => ({ line, reason: `“${recipient}” ${message}` }))}
      >
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
      </RejectedLines>
      <Group justify="end">
        <Button data-autofocus onClick={() => modals.closeAll()}>Done</Button>
      </Group>
    </Stack>
  );
}
