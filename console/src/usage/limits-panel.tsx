import { Badge, Group, Progress, Text } from "@mantine/core";
import { useUsage } from "../billing/use-usage.ts";
import { useNumbersOverview } from "../numbers/use-numbers.ts";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";
import { useNotices } from "../subaccount/use-notices.ts";
import { type Meter, metersOf } from "./meters.ts";

/** How much of each limit of the plan is used. */
export function LimitsPanel() {
  const usage = useUsage(true);
  const { data: numbers, isLoading } = useNumbersOverview();
  const { data: notices = [] } = useNotices();
  return (
    <Panel title="Limits" description="What your plan allows, and how much of it you have used">
      {usage.data === undefined && usage.error === null && <Loading h={80} label="Loading your limits" />}
      {usage.data === undefined && usage.error !== null && (
        <LoadFailure
          error={usage.error}
          onRetry={() => void usage.refetch()}
        />
      )}
      {usage.data !== undefined && (
        <ul className="meters">
          {metersOf(usage.data, numbers?.numbers ?? null, notices, new Date()).map((meter) => (
            <MeterItem key={meter.key} meter={meter} />
          ))}
          {isLoading && (
            <li>
              <Loading h={83} label="Loading your numbers" />
            </li>
          )}
        </ul>
      )}
    </Panel>
  );
}

const COLORS: Readonly<Record<Meter["level"], string>> = {
  fine: "exchange",
  near: "orange",
  reached: "red",
  none: "gray",
};

function MeterItem({ meter: { label, share, level, amount, warning, note } }: { meter: Meter }) {
  const color = COLORS[level];
  return (
    <li>
      <Group justify="space-between" gap="xs" mih={24} mb={2}>
        <Text size="sm" fw={600}>{label}</Text>
        {warning !== "" && <Badge variant="light" color={color} radius="sm">{warning}</Badge>}
      </Group>
      <Progress.Root size="lg" radius="sm" aria-hidden>
        <Progress.Section value={share * 100} color={color} />
      </Progress.Root>
      <Text size="sm" mt={4} className="digits">{amount}</Text>
      <Text size="xs" c="dimmed">{note}</Text>
    </li>
  );
}
