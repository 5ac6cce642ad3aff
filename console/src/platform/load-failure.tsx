import { Button } from "@mantine/core";
import { RefreshCw } from "lucide-react";
import { FailureAlert } from "./failure-alert.tsx";

export interface LoadFailureProps {
  error: unknown;
  onRetry: () => void;
}

/** Shown in place of content that could not be loaded, with the reason and a retry button. */
export function LoadFailure({ error, onRetry }: LoadFailureProps) {
  return (
    <FailureAlert error={error}>
      <Button size="xs" variant="light" color="red" leftSection={<RefreshCw size={14} />} onClick={onRetry}>
        Try again
      </Button>
    </FailureAlert>
  );
}
