import { Alert, type AlertProps, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { TriangleAlert } from "lucide-react";
import { ErrorReference } from "./error-reference.tsx";

export interface FailureAlertProps extends Pick<AlertProps, "w"> {
  error: Error;
  /** Shown to the right of the reason. */
  children?: ReactNode;
}

/** Shows in place what failed: the reason, the code and the request id. */
export function FailureAlert({ error, children, ...size }: FailureAlertProps) {
  return (
    <Alert color="red" variant="light" icon={<TriangleAlert />} role="alert" {...size}>
      <Group justify="space-between" align="start" gap="sm">
        <div>
          <Text size="sm">{error.message}</Text>
          <ErrorReference error={error} />
        </div>
        {children}
      </Group>
    </Alert>
  );
}
