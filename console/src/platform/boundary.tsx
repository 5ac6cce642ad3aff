import { Button, Center, Group, Stack, Text, Title } from "@mantine/core";
import { RefreshCw } from "lucide-react";
import type { ReactNode } from "react";
import { ErrorBoundary, type FallbackProps } from "react-error-boundary";
import { ErrorReference } from "./error-reference.tsx";
import { retryParts } from "./part.tsx";
import { isMissingVersion, wordingOf } from "./wording.ts";

export interface BoundaryProps {
  /** Another value shows the content again: the screen of another path may work. */
  resetKey?: string;
  children: ReactNode;
}

/** Shows in place of content that failed to render or to load why, and how to go on. */
export function Boundary({ resetKey = "", children }: BoundaryProps) {
  return (
    <ErrorBoundary
      FallbackComponent={Failure}
      resetKeys={[resetKey]}
      onReset={retryParts}
      onError={(error) => console.error(error)}
    >
      {children}
    </ErrorBoundary>
  );
}

function Failure({ error, resetErrorBoundary }: FallbackProps) {
  const isOutdated = isMissingVersion(error);
  return (
    <Center mih="60dvh" p="lg">
      <Stack maw={460} gap="sm" align="center" role="alert">
        <Title order={1} size="h3" ta="center">
          {isOutdated ? "A new version is available" : "This page does not work just now"}
        </Title>
        <Text ta="center" c="dimmed">
          {isOutdated ? "Reload the page to use it. What you wrote is kept" : wordingOf(error).message}
        </Text>
        {!isOutdated && <ErrorReference error={error} />}
        <Group gap="sm">
          <Button leftSection={<RefreshCw size={16} />} onClick={() => globalThis.location.reload()}>Reload</Button>
          {!isOutdated && <Button variant="default" onClick={resetErrorBoundary}>Try again</Button>}
        </Group>
      </Stack>
    </Center>
  );
}
