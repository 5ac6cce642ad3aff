import { Badge, Text } from "@mantine/core";
import type { Health } from "../../../../client/switchboard.ts";
import { durationInWords } from "../../platform/durations.ts";
import { Panel } from "../../platform/panel.tsx";
import { counted, LANES, LATE_AFTER } from "../health/words.ts";

/** The queue of each lane, with what is late when it waits. */
export function LaneTable({ lanes }: { lanes: Health["lanes"] }) {
  return (
    <Panel title="Lanes" description="Each job belongs to a lane and waits only for jobs of its lane.">
      <div className="operator-table" tabIndex={0} role="region" aria-label="Jobs by lane">
        <table>
          <thead>
            <tr>
              <th scope="col">Lane</th>
              <th scope="col">Waits longest</th>
              <th scope="col" className="amount">Due now</th>
              <th scope="col" className="amount">In flight</th>
              <th scope="col" className="amount">Jobs</th>
            </tr>
          </thead>
          <tbody>
            {lanes.map(({ lane, jobs, due, inFlight, waitsSeconds }) => (
              <tr key={lane}>
                <th scope="row">
                  {LANES[lane].label}
                  <Text size="xs" c="dimmed" fw={400} miw={150}>{LANES[lane].meaning}</Text>
                </th>
                <td style={{ whiteSpace: "nowrap" }}>
                  <Lateness seconds={waitsSeconds} limit={LATE_AFTER.lane} none="Nothing waits" />
                </td>
                <td className="amount">{counted(due)}</td>
                <td className="amount">{counted(inFlight)}</td>
                <td className="amount">{counted(jobs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

export interface LatenessProps {
  seconds: number | null;
  /** From when on it is marked, in seconds. */
  limit: number;
  none: string;
}

/** How long something waits, marked when it is long. */
export function Lateness({ seconds, limit, none }: LatenessProps) {
  if (seconds === null || seconds < 1) return <Text span size="sm" c="dimmed">{none}</Text>;
  const text = durationInWords(seconds);
  if (seconds < limit) return <Text span size="sm">{text}</Text>;
  return <Badge color="red" variant="light" tt="none">{text}</Badge>;
}
