import { Button, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { download } from "../../platform/download.ts";
import { FailureAlert } from "../../platform/failure-alert.tsx";

/** Saves a list that the functions do not offer as a file. @param name without its extension */
export function FileButton({ name, read }: { name: string; read: () => Promise<string> }) {
  const file = useMutation({
    mutationFn: read,
    onSuccess: (text) => download(`${name}-${new Date().toISOString().slice(0, 10)}.csv`, text),
  });
  return (
    <Stack gap="xs" align="end">
      <Button
        variant="default"
        leftSection={<Download size={16} aria-hidden />}
        loading={file.isPending}
        onClick={() => file.mutate()}
      >
        Export CSV
      </Button>
      {file.error !== null && <FailureAlert error={file.error} />}
    </Stack>
  );
}
