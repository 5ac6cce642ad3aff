import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { CsvList } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { download } from "../../platform/download.ts";
import { FailureAlert } from "../../platform/failure-alert.tsx";

/** Saves a whole list of operators, with its filters, as a file for spreadsheets. It is read a page at a time, and can be stopped. */
export function CsvButton({ list, query = {} }: { list: CsvList; query?: object }) {
  const { start, stop, isPending, error, pages } = useCsv(list, query);
  return (
    <Stack gap="xs" align="end">
      {isPending
        ? (
          <Group gap="xs">
            <Text size="sm" c="dimmed" role="status">{pages === 0 ? "Reading…" : `${pages} pages read`}</Text>
            <Button variant="default" onClick={stop}>Stop the export</Button>
          </Group>
        )
        : (
          <Button variant="default" leftSection={<Download size={16} aria-hidden />} onClick={start}>
            Export CSV
          </Button>
        )}
      {error !== null && <FailureAlert error={error} />}
    </Stack>
  );
}

function useCsv(list: CsvList, query: object) {
  const { switchboard: { admin } } = useBackend();
  const [pages, setPages] = useState(0);
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const { signal } = running.current = new AbortController();
      setPages(0);
      let file = "";
      for await (const part of admin.csv(list, query, { signal })) {
        file += part;
        setPages((count) => count + 1);
      }
      download(`${list}-${new Date().toISOString().slice(0, 10)}.csv`, file);
    },
  });
  // What the operator has stopped has not failed.
  const failure = running.current?.signal.aborted === true ? null : error;
  return { start: () => mutate(), stop: () => running.current?.abort(), isPending, error: failure, pages };
}
