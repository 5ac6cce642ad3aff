import { Alert, Button, Group, List, Text } from "@mantine/core";
import { CircleCheck, RefreshCw } from "lucide-react";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { moment } from "./buying.ts";
import { resultOfSync } from "./sync-result.ts";
import { useNumberAction } from "./use-numbers.ts";

/** Compares the tenant's numbers with Twilio's list, and says when that was last done and what it found. */
export function SyncPanel({ comparedAt }: { comparedAt: string | null }) {
  const sync = useNumberAction({
    key: ["sync-numbers"],
    act: (switchboard) => switchboard.syncNumbers(),
    onDone: () => {},
  });
  const result = sync.data === undefined ? null : resultOfSync(sync.data);
  return (
    <div>
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed">
          {comparedAt === null
            ? "Your numbers are synced with Twilio every day."
            : `Last synced with Twilio ${moment(comparedAt)}.`}
        </Text>
        <Button
          size="xs"
          variant="default"
          leftSection={<RefreshCw size={14} />}
          loading={sync.isPending}
          onClick={() => sync.run(undefined)}
        >
          Sync now
        </Button>
      </Group>
      <div role="status">
        {result !== null && !sync.isPending && (
          <Alert variant="light" color="teal" icon={<CircleCheck />} mt="sm" title={result.summary}>
            {result.changes.length > 0 && (
              <List size="sm">{result.changes.map((change) => <List.Item key={change}>{change}</List.Item>)}</List>
            )}
          </Alert>
        )}
      </div>
      {sync.error !== null && <FailureAlert error={sync.error} />}
    </div>
  );
}
