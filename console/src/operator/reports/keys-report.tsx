import { Alert, Button, Code, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import type { SealingKeys } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { Fact, Facts } from "../../platform/facts.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { Panel } from "../../platform/panel.tsx";
import { ActionForm, openAction } from "../actions/action-form.tsx";
import { numbered } from "../health/words.ts";
import { keysInWords } from "./keys-words.ts";

const KEYS_KEY = ["operator", "sealing-keys"];

/** The keys that seal tenants' tokens, by id: a key itself is never shown. */
export function KeysReport() {
  const { switchboard: { admin } } = useBackend();
  const { data: keys, error, refetch } = useQuery({
    queryKey: KEYS_KEY,
    queryFn: ({ signal }) => admin.sealingKeys({ signal }),
  });
  if (keys === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={240} label="Loading the keys" />;
  }
  return (
    <Panel
      title="Sealing keys"
      description="Tokens and secrets of tenants are stored sealed. A key has an id, and the key itself is never shown."
      aside={<Button size="xs" onClick={() => openRotation(keys)}>Seal again now</Button>}
    >
      <Stack gap="md">
        <Text>{keysInWords(keys)}.</Text>
        {keys.missing.length > 0 && (
          <Alert
            color="red"
            variant="light"
            icon={<TriangleAlert />}
            title={`${numbered(keys.missing.length, "key")} missing`}
          >
            What they sealed cannot be opened, and requests of those tenants fail. Put them back into
            TOKEN_SEALING_KEYS: {keys.missing.join(", ")}
          </Alert>
        )}
        <Facts>
          <Fact label="Seals now">
            <Code>{keys.current}</Code>
          </Fact>
          <Fact label="In use">
            {keys.inUse.length === 0 ? "Nothing is sealed yet" : (
              <Stack gap={4}>
                {keys.inUse.map(({ keyId, tokens }) => (
                  <Group key={keyId} gap="xs">
                    <Code>{keyId}</Code>
                    <Text size="sm">{numbered(tokens, "sealed text")}</Text>
                  </Group>
                ))}
              </Stack>
            )}
          </Fact>
          <Fact label="No longer needed">
            {keys.retirable.length === 0 ? "None" : (
              <>
                {keys.retirable.map((id) => <Code key={id} mr={6}>{id}</Code>)}
                <Text size="xs" c="dimmed">
                  Take them out of TOKEN_SEALING_KEYS 24 hours from now: links to media that they signed end then.
                </Text>
              </>
            )}
          </Fact>
        </Facts>
        <Text size="sm" c="dimmed">
          To replace a key, add the new one after the old one, deploy, wait ten minutes, and put it first. What is
          sealed with older keys is sealed again daily, or now.
        </Text>
      </Stack>
    </Panel>
  );
}

function openRotation({ current }: SealingKeys): void {
  openAction("Seal again now", ({ onClose }) => (
    <ActionForm
      consequence={`Everything that is sealed with an older key is sealed with ${current} now, before the daily run. Tenants notice nothing.`}
      submit="Seal again"
      act={(admin, reason, options) => admin.rotateSealingKeys({ reason }, options)}
      said={() => "The rotation is accepted"}
      effect={async (admin) => {
        const keys = await admin.sealingKeys();
        return keys.inUse.every(({ keyId }) => keyId === keys.current) ? keysInWords(keys) : null;
      }}
      changes={[KEYS_KEY]}
      onClose={onClose}
    />
  ));
}
