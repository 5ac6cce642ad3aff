import { Button, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import type { CsvList } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { download } from "../../platform/download.ts";
import { FailureAlert } from "../../platform/failure-alert.tsx";

/** Saves a whole list of operators, with its filters, as a file for spreadsheets. */
export function CsvButton({ list, query = {} }: { list: CsvList; query?: object }) {
  const { switchboard: { admin } } = useBackend();
  const file = useMutation({
    mutationFn: async () => (await Array.fromAsync(admin.csv(list, query))).join(""),
    onSuccess: (text) => download(`${list}-${new Date().toISOString().slice(0, 10)}.csv`, text),
  });
  return (
    <Stack gap="xs" align="end">
      <Button
        size="sm"
        variant="default"
        leftSection={<Download size={14} aria-hidden />}
        loading={file.isPending}
        onClick={() => file.mutate()}
      >
        CSV
      </Button>
      {file.error !== null && <FailureAlert error={file.error} />}
    </Stack>
  );
}
