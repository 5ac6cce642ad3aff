import { Button, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import type { Switchboard } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { download } from "../../platform/download.ts";
import { FailureAlert } from "../../platform/failure-alert.tsx";

export interface TenantCsvProps {
  userId: string;
  part: Parameters<Switchboard["admin"]["tenantCsv"]>[1];
}

/** Saves a tenant's timeline or usage as a file for spreadsheets. */
export function TenantCsv({ userId, part }: TenantCsvProps) {
  const { switchboard: { admin } } = useBackend();
  const file = useMutation({
    mutationFn: async () => (await Array.fromAsync(admin.tenantCsv(userId, part))).join(""),
    onSuccess: (text) => download(`${part}-${userId}-${new Date().toISOString().slice(0, 10)}.csv`, text),
  });
  return (
    <Stack gap="xs" align="end">
      <Button
        size="xs"
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
