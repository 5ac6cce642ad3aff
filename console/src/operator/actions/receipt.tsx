import { Alert, Group, Loader, SimpleGrid, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, Clock } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import type { QueryKey } from "@tanstack/react-query";
import type { SwitchboardAdmin } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { AuditLines } from "./audit-lines.tsx";

/** How long an effect is waited for. Jobs act within seconds, and a failed one is repeated for longer than anybody waits. */
const WAIT_MS = 60_000;
const POLL_MS = 1_000;
/** The line is written with the action. */
const AUDIT_TRIES = 10;

export interface Done<Answer> {
  answer: Answer;
  /** Undefined where a proxy took the header away. */
  requestId: string | undefined;
  /** In milliseconds. */
  at: number;
}

export interface ReceiptProps<Answer> {
  done: Done<Answer>;
  said: ReactNode;
  effect: ((admin: SwitchboardAdmin, answer: Answer) => Promise<string | null>) | undefined;
  changes: readonly QueryKey[];
}

/** What came of an action, and its line of the audit log beside it. */
export function Receipt<Answer>({ done, said, effect, changes }: ReceiptProps<Answer>) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
      <section aria-label="Effect">
        <Title order={3} size="h6" mb="xs">Effect</Title>
        <Group gap="xs" wrap="nowrap" align="start" role="status">
          <Check size={18} color="var(--good)" aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>{said}</Text>
        </Group>
        {effect !== undefined && <Effect done={done} effect={effect} changes={changes} />}
      </section>
      <section aria-label="Audit log">
        <Title order={3} size="h6" mb="xs">Audit log</Title>
        <AuditOf requestId={done.requestId} />
      </section>
    </SimpleGrid>
  );
}

function Effect<Answer>({ done, effect, changes }: {
  done: Done<Answer>;
  effect: (admin: SwitchboardAdmin, answer: Answer) => Promise<string | null>;
  changes: readonly QueryKey[];
}) {
  const { switchboard: { admin } } = useBackend();
  const queryClient = useQueryClient();
  const until = done.at + WAIT_MS;
  const { data: seen, dataUpdatedAt, errorUpdatedAt } = useQuery({
    queryKey: ["receipt", "effect", done.requestId ?? done.at],
    queryFn: () => effect(admin, done.answer),
    refetchInterval: ({ state }) =>
      typeof state.data === "string" || Math.max(state.dataUpdatedAt, state.errorUpdatedAt) > until ? false : POLL_MS,
    refetchIntervalInBackground: true,
    meta: { isAside: true },
  });
  const isSeen = typeof seen === "string";
  const isLate = !isSeen && Math.max(dataUpdatedAt, errorUpdatedAt) > until;
  useEffect(() => {
    if (isSeen) { for (const queryKey of changes) void queryClient.invalidateQueries({ queryKey }); }
  }, [isSeen]);
  if (isLate) {
    return (
      <Alert color="yellow" variant="light" icon={<Clock />} mt="sm">
        Accepted, but the effect was not seen within a minute. The tenant's jobs and alerts say what it waits for.
      </Alert>
    );
  }
  return (
    <Group gap="xs" wrap="nowrap" align="start" mt="xs" role="status">
      {isSeen
        ? <Check size={18} color="var(--good)" aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
        : <Loader size={16} aria-hidden style={{ flexShrink: 0, marginTop: 3 }} />}
      <Text size="sm">{isSeen ? seen : "Waiting for the effect…"}</Text>
    </Group>
  );
}

/** The lines of the audit log that a request wrote. */
function AuditOf({ requestId }: { requestId: string | undefined }) {
  const { switchboard: { admin } } = useBackend();
  const { data, error, refetch, failureCount } = useQuery({
    queryKey: ["receipt", "audit", requestId],
    queryFn: async () => {
      const { lines } = await admin.auditLog({ requestId });
      if (lines.length === 0) throw new Error("no line yet");
      return lines;
    },
    enabled: requestId !== undefined,
    retry: AUDIT_TRIES,
    retryDelay: POLL_MS,
    meta: { isAside: true },
  });
  if (requestId === undefined) {
    return <Text size="sm" c="dimmed">The answer came without a request id. The timeline shows the action.</Text>;
  }
  if (data !== undefined) return <AuditLines lines={data} />;
  if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  return (
    <Group gap="xs">
      <Loader size={16} aria-hidden />
      <Text size="sm" c="dimmed">
        {failureCount > 2 ? `Still reading the line of request ${requestId}…` : "Reading the line…"}
      </Text>
    </Group>
  );
}
