import { Alert, Badge, Button, Stack, Text } from "@mantine/core";
import { Clock, Radar } from "lucide-react";
import type { Health } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { durationInWords } from "../../platform/durations.ts";
import { EmptyState } from "../../platform/empty-state.tsx";
import { Fact, Facts } from "../../platform/facts.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { Panel } from "../../platform/panel.tsx";
import { ActionForm, openAction } from "../actions/action-form.tsx";
import { HEALTH_KEY, useHealth } from "../health/use-health.ts";
import { LEVELS } from "../health/words.ts";
import { FINDINGS, OLD_AFTER_SECONDS, sweepInWords } from "./sweep-words.ts";

/** The last comparison of all accounts at Twilio with the tenants. */
export function SweepReport() {
  const { data: health, error, refetch } = useHealth();
  if (health === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={280} label="Loading the sweep" />;
  }
  const { sweep } = health;
  return (
    <Panel
      title="Last sweep"
      description="Each hour, every account at Twilio is compared with the tenants."
      aside={<Button size="xs" onClick={() => openSweep(sweep)}>Sweep now</Button>}
    >
      {sweep === null
        ? (
          <EmptyState icon={<Radar />} title="No sweep has ended yet">
            The first one ends within an hour after the installation, or start one now.
          </EmptyState>
        )
        : <Result sweep={sweep} />}
    </Panel>
  );
}

function Result({ sweep }: { sweep: NonNullable<Health["sweep"]> }) {
  const { ageSeconds, finishedAt, level, tenants } = sweep;
  return (
    <Stack gap="md">
      <Text>{sweepInWords(sweep)}.</Text>
      {ageSeconds > OLD_AFTER_SECONDS && (
        <Alert
          color="yellow"
          variant="light"
          icon={<Clock />}
          title={`The last sweep is ${durationInWords(ageSeconds)} old`}
        >
          One should end every hour. See whether the lane Control is late, and whether an alert says that Twilio refuses
          the main account.
        </Alert>
      )}
      <div className="operator-table">
        <table>
          <tbody>
            {FINDINGS.map(({ of, label, meaning, isFault }) => (
              <tr key={label}>
                <th scope="row">
                  <Text size="sm">{label}</Text>
                  <Text size="xs" c="dimmed" fw={400}>{meaning}</Text>
                </th>
                <td className="amount">
                  {isFault && of(sweep) > 0
                    ? <Badge color="yellow" variant="light" tt="none">{of(sweep).toLocaleString()}</Badge>
                    : of(sweep).toLocaleString()}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Facts>
        <Fact label="Ended">{dateAndTime(finishedAt)}</Fact>
        <Fact label="Capacity then">{LEVELS[level].label}</Fact>
        <Fact label="Tenants then">
          {tenants.active.toLocaleString()} active, {tenants.suspended.toLocaleString()} suspended,{" "}
          {tenants.pending.toLocaleString()} pending, {tenants.closed.toLocaleString()} closed
        </Fact>
      </Facts>
    </Stack>
  );
}

function openSweep(before: Health["sweep"]): void {
  openAction("Sweep now", ({ onClose }) => (
    <ActionForm
      consequence="Every account at Twilio is compared with the tenants now, before the next hourly sweep. Tenants that differ are repaired by jobs."
      submit="Sweep now"
      act={(admin, reason, options) => admin.sweep({ reason }, options)}
      said={() => "The sweep is accepted"}
      effect={async (admin) => {
        const { sweep } = await admin.health();
        return sweep === null || sweep.startedAt === before?.startedAt ? null : `${sweepInWords(sweep)}`;
      }}
      changes={[HEALTH_KEY]}
      onClose={onClose}
    />
  ));
}
