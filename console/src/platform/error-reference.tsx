import { Code, Group, Text } from "@mantine/core";
import { wordingOf } from "./wording.ts";

/** An error's code and request id, as selectable text. */
export function ErrorReference({ error }: { error: unknown }) {
  const { code, requestId } = wordingOf(error);
  return (
    <Group gap={6} wrap="wrap" mt={4} component="span">
      <Code>{code}</Code>
      {requestId !== undefined && (
        <Text span size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>request {requestId}</Text>
      )}
    </Group>
  );
}
