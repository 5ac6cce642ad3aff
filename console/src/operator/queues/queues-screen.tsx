import { Container, SimpleGrid, Stack } from "@mantine/core";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";
import { useHealth } from "../health/use-health.ts";
import "../operator.css";
import { DeadLetters } from "./dead-letters.tsx";
import { LaneTable } from "./lane-table.tsx";
import { ScheduleParts, WebhookParts } from "./work-panels.tsx";

/** Jobs by lane, and dead letters. */
export function QueuesScreen() {
  const { data: health } = useHealth();
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Queues" description="What waits to be done, what is late, and what was given up." />
      <Settled>
        <Stack gap="lg">
          <DeadLetters count={health?.deadLetters} />
          <Waiting />
        </Stack>
      </Settled>
    </Container>
  );
}

function Waiting() {
  const { data: health, error, refetch } = useHealth();
  if (health === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={280} label="Loading the queues" />;
  }
  return (
    <>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      <LaneTable lanes={health.lanes} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <ScheduleParts health={health} />
        <WebhookParts webhooks={health.webhooks} />
      </SimpleGrid>
    </>
  );
}
