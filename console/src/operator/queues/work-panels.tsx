import { Button, Text } from "@mantine/core";
import type { Health } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { Fact, Facts } from "../../platform/facts.tsx";
import { Panel } from "../../platform/panel.tsx";
import { counted, dueWorkInWords, LATE_AFTER } from "../health/words.ts";
import { Lateness } from "./lane-table.tsx";
import { openEventReplay } from "./replay.tsx";

const ON_TIME = "On time";

/** The recurring jobs, and what tenants are due for. */
export function ScheduleParts({ health: { scheduler, dueWork, usage, reconciliation } }: { health: Health }) {
  return (
    <Panel title="Recurring work" description="By how much the most overdue tenant or account is late.">
      <Facts>
        <Fact label="Scheduler">
          <Lateness seconds={scheduler.lateSeconds} limit={LATE_AFTER.scheduler} none={ON_TIME} />
          <Text size="xs" c="dimmed">
            {scheduler.lastAt === null ? "Has not run yet" : `Last job enqueued ${dateAndTime(scheduler.lastAt)}`}
          </Text>
        </Fact>
        {dueWork.map(({ kind, lateSeconds }) => (
          <Fact key={kind} label={dueWorkInWords(kind)}>
            <Lateness seconds={lateSeconds} limit={LATE_AFTER.dueWork} none={ON_TIME} />
          </Fact>
        ))}
        <Fact label="Usage read at Twilio">
          <Lateness seconds={usage.lateSeconds} limit={LATE_AFTER.dueWork} none={ON_TIME} />
          <Text size="xs" c="dimmed">
            {counted(usage.due)} accounts due, {counted(usage.retrying)} reads repeated after a failure
          </Text>
        </Fact>
        <Fact label="Reconciliation">
          <Lateness seconds={reconciliation.lateSeconds} limit={LATE_AFTER.dueWork} none={ON_TIME} />
          <Text size="xs" c="dimmed">{counted(reconciliation.due)} days due</Text>
        </Fact>
      </Facts>
    </Panel>
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
