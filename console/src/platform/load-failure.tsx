import { Alert, Button, Group, Text } from "@mantine/core";
import { AlertTriangle, RefreshCw } from "react-feather";
import { ErrorReference } from "./error-reference.tsx";

export interface LoadFailureProps {
  error: Error;
  onRetry: () => void;
}

/** Shown in place of content that could not be loaded, with the reason and a retry button. */
export function LoadFailure({ error, onRetry }: LoadFailureProps) {
  return (
    <Alert color="red" variant="light" icon={<AlertTriangle />} role="alert">
      <Group justify="space-between" align="start" gap="sm">
        <div>
          <Text size="sm">{error.message}</Text>
          <ErrorReference error={error} />
        </div>
        <Button size="xs" variant="light" color="red" leftSection={<RefreshCw size={14} />} onClick={onRetry}>
          Try again
        </Button>
      </Group>
    </Alert>
  );
}
