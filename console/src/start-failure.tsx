import { Alert, Center, MantineProvider } from "@mantine/core";
import { cssVariables, theme } from "./theme.ts";

/** Shown instead of the console when its configuration cannot be loaded. */
export function StartFailure({ reason }: { reason: string }) {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Center mih="100dvh" p="lg">
        <Alert color="red" title="The console cannot start" maw={520}>{reason}</Alert>
      </Center>
    </MantineProvider>
  );
}
