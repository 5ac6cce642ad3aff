import { Code, Group, Text } from "@mantine/core";
import { isFailure } from "./failure.ts";

/** An error's code and request id, as selectable text. */
export function ErrorReference({ error }: { error: unknown }) {
  if (!isFailure(error)) return null;
  return (
    <Group gap={6} wrap="wrap" mt={4}>
      <Code>{error.code}</Code>
      {error.requestId !== undefined && (
        <Text span size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>request {error.requestId}</Text>
      )}
    </Group>
  );
}
