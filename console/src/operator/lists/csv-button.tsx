import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { CsvList, Switchboard } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { download } from "../../platform/download.ts";
import { FailureAlert } from "../../platform/failure-alert.tsx";

export interface FileButtonProps {
  /** Of the file, without its date and extension. */
  name: string;
  /** Reads the file part by part; the signal says that the operator has stopped it. */
  parts: (signal: AbortSignal) => AsyncIterable<string>;
}

/** Saves what is read part by part as a file for spreadsheets. Reading it can be stopped. */
export function FileButton(props: FileButtonProps) {
  const { start, stop, isPending, error, read } = useFile(props);
  return (
    <Stack gap="xs" align="end">
      {isPending
        ? (
          <Group gap="xs">
            <Text size="sm" c="dimmed" role="status">{read === 0 ? "Reading…" : `${read} pages read`}</Text>
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

/** Saves a whole list of operators, with its filters. */
export function CsvButton({ list, query = {} }: { list: CsvList; query?: object }) {
  const { switchboard: { admin } } = useBackend();
  return <FileButton name={list} parts={(signal) => admin.csv(list, query, { signal })} />;
}

export interface TenantCsvProps {
  userId: string;
  part: Parameters<Switchboard["admin"]["tenantCsv"]>[1];
}

/** Saves a tenant's timeline or usage. */
export function TenantCsv({ userId, part }: TenantCsvProps) {
  const { switchboard: { admin } } = useBackend();
  return <FileButton name={`${part}-${userId}`} parts={(signal) => admin.tenantCsv(userId, part, {}, { signal })} />;
}

function useFile({ name, parts }: FileButtonProps) {
  const [read, setRead] = useState(0);
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const { signal } = running.current = new AbortController();
      setRead(0);
      let file = "";
      for await (const part of parts(signal)) {
        signal.throwIfAborted();
        file += part;
        setRead((count) => count + 1);
      }
      download(`${name}-${new Date().toISOString().slice(0, 10)}.csv`, file);
    },
  });
  // What the operator has stopped has not failed.
  const failure = running.current?.signal.aborted === true ? null : error;
  return { start: () => mutate(), stop: () => running.current?.abort(), isPending, error: failure, read };
}
