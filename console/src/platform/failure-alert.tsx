import { Alert, type AlertProps, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { TriangleAlert } from "lucide-react";
import { ErrorReference } from "./error-reference.tsx";
import { wordingOf } from "./wording.ts";

export interface FailureAlertProps extends Pick<AlertProps, "w"> {
  error: unknown;
  /** Shown to the right of the reason. */
  children?: ReactNode;
}

/** Says in place what failed and what to do, with the code and the request id. */
export function FailureAlert({ error, children, ...size }: FailureAlertProps) {
  return (
    <Alert color="red" variant="light" icon={<TriangleAlert />} role="alert" {...size}>
      <Group justify="space-between" align="start" gap="sm">
        <div style={{ minWidth: 0 }}>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>{wordingOf(error).message}</Text>
          <ErrorReference error={error} />
        </div>
        {children}
      </Group>
    </Alert>
  );
}
