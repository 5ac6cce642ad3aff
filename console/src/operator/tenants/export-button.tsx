import { Button, Group, Text } from "@mantine/core";
import { Download } from "lucide-react";
import { FailureAlert } from "../../platform/failure-alert.tsx";
import type { TenantsQuery } from "./query.ts";
import { useExport } from "./use-export.ts";

/** Saves all tenants that match as CSV. */
export function ExportButton({ query }: { query: TenantsQuery }) {
  const { start, stop, isPending, error, lines } = useExport(query);
  return (
    <>
      {error !== null && <FailureAlert error={error} />}
      {isPending
        ? (
          <Group gap="xs">
            <Text size="sm" c="dimmed" role="status">{new Intl.NumberFormat().format(lines)} tenants read</Text>
            <Button variant="default" onClick={stop}>Stop the export</Button>
          </Group>
        )
        : <Button variant="default" leftSection={<Download size={16} />} onClick={start}>Export CSV</Button>}
    </>
  );
}
