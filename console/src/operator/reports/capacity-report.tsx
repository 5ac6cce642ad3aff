import { Badge, Progress, Stack, Text } from "@mantine/core";
import { Fact, Facts } from "../../platform/facts.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { Panel } from "../../platform/panel.tsx";
import { useHealth } from "../health/use-health.ts";
import { LEVELS } from "../health/words.ts";

/** How many subaccounts are open, of the maximum of this installation. */
export function CapacityReport() {
  const { data: health, error, refetch } = useHealth();
  if (health === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={200} label="Loading the capacity" />;
  }
  const { open, max, level } = health.capacity;
  const { label, color, next } = LEVELS[level];
  const percent = max === 0 ? 100 : Math.min(100, open / max * 100);
  return (
    <Panel
      title="Open subaccounts"
      description="Active and suspended ones. A closed subaccount does not count."
      aside={<Badge color={color} variant="light" tt="none">{label}</Badge>}
    >
      <Stack gap="md">
        <Text fw={600}>
          {open.toLocaleString()} of {max.toLocaleString()} are open ({percent.toFixed(percent < 10 ? 1 : 0)} %)
        </Text>
        <Progress value={percent} color={color} size="lg" aria-label="Open subaccounts, in percent of the maximum" />
        <Text size="sm">{next}</Text>
        <Facts>
          <Fact label="Left">{Math.max(0, max - open).toLocaleString()}</Fact>
          <Fact label="Warning from">{Math.ceil(max * 0.8).toLocaleString()}</Fact>
          <Fact label="Critical from">{Math.ceil(max * 0.95).toLocaleString()}</Fact>
        </Facts>
        <Text size="sm" c="dimmed">
          At the limit, requests for a subaccount are kept and tried again every hour.
        </Text>
      </Stack>
    </Panel>
  );
}
