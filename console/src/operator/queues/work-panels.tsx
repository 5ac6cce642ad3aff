import { Button, Text } from "@mantine/core";
import type { Health } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { Fact, Facts } from "../../platform/facts.tsx";
import { Panel } from "../../platform/panel.tsx";
import { counted, dueWorkInWords, LATE_AFTER } from "../health/words.ts";
import { Lateness } from "./lane-table.tsx";
import { openEventReplay } from "./replay.tsx";

/** The recurring jobs, and what tenants are due for. */
export function ScheduleParts({ health: { scheduler, dueWork, usage, reconciliation } }: { health: Health }) {
  return (
    <Panel title="Recurring work" description="By how much the most overdue tenant or account is late.">
      <div className="operator-table">
        <table>
          <tbody>
            <Work
              label="Scheduler"
              note={scheduler.lastAt === null
                ? "Has not run yet"
                : `Last job enqueued ${dateAndTime(scheduler.lastAt)}`}
              lateSeconds={scheduler.lateSeconds}
              limit={LATE_AFTER.scheduler}
            />
            {dueWork.map(({ kind, lateSeconds }) => (
              <Work key={kind} label={dueWorkInWords(kind)} lateSeconds={lateSeconds} />
            ))}
            <Work
              label="Usage read at Twilio"
              note={`${counted(usage.due)} due, ${counted(usage.retrying)} repeated after a failure`}
              lateSeconds={usage.lateSeconds}
            />
            <Work
              label="Days compared with Twilio's usage"
              note={`${counted(reconciliation.due)} due`}
              lateSeconds={reconciliation.lateSeconds}
            />
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

interface WorkProps {
  label: string;
  note?: string;
  lateSeconds: number | null;
  limit?: number;
}

function Work({ label, note, lateSeconds, limit = LATE_AFTER.dueWork }: WorkProps) {
  return (
    <tr>
      <th scope="row">
        <Text size="sm">{label}</Text>
        {note !== undefined && <Text size="xs" c="dimmed" fw={400}>{note}</Text>}
      </th>
      <td className="amount">
        <Lateness seconds={lateSeconds} limit={limit} none="On time" />
      </td>
    </tr>
  );
}

/** Stripe's events that wait, and deliveries to tenants that failed. */
export function WebhookParts({ webhooks: { stripe, forwarding } }: Pick<Health, "webhooks">) {
  return (
    <Panel
      title="Webhooks"
      description="Events that came from Stripe, and deliveries to tenants' webhooks."
      aside={<Button size="xs" variant="default" onClick={openEventReplay}>Replay a Stripe event</Button>}
    >
      <Facts>
        <Fact label="Stripe events waiting">
          {counted(stripe.unprocessed)}
          {stripe.oldestReceivedAt !== null && (
            <Text size="xs" c="dimmed">The oldest came {dateAndTime(stripe.oldestReceivedAt)}</Text>
          )}
        </Fact>
        <Fact label="Deliveries failed">
          {forwarding.failed.toLocaleString()} of {forwarding.deliveries.toLocaleString()} in the last day
          <Text size="xs" c="dimmed">Failed in every attempt. Each tenant replays their own.</Text>
        </Fact>
      </Facts>
    </Panel>
  );
}
