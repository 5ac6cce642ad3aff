import type { Metric } from "./exposition.ts";
import type { Health } from "./health.ts";

/** The metrics of an installation. No label names a tenant, so their number does not grow with the tenants. */
export function metricsOf(health: Health): Metric[] {
  const { lanes, alerts, sweep, capacity, webhooks, scheduler } = health;
  const ofLanes = (valueOf: (lane: Health["lanes"][number]) => number) =>
    lanes.map((lane) => ({ labels: { lane: lane.lane }, value: valueOf(lane) }));
  return [
    gauge("jobs", "Jobs on the queue of a lane, at most 1000.", ofLanes(({ jobs }) => jobs.count)),
    gauge("jobs_due", "Jobs that could run now, at most 1000.", ofLanes(({ due }) => due.count)),
    gauge(
      "jobs_in_flight",
      "Jobs that a process has claimed, at most 1000.",
      ofLanes(({ inFlight }) => inFlight.count),
    ),
    gauge("job_wait_seconds", "How long the job that is due longest has waited.", ofLanes((lane) => lane.waitsSeconds)),
    gauge("dead_letters", "Jobs that failed in every attempt, at most 1000.", [{ value: health.deadLetters.count }]),
    gauge(
      "alerts_open",
      "Open operator alerts, at most 1000 of a kind.",
      alerts.flatMap(({ kind, open, unacknowledged }) => [
        { labels: { kind, acknowledged: "false" }, value: unacknowledged.count },
        { labels: { kind, acknowledged: "true" }, value: open.count - unacknowledged.count },
      ]),
    ),
    gauge(
      "tenants",
      "Tenants by the status of their subaccount, as of the last sweep.",
      Object.entries(sweep?.tenants ?? {}).map(([status, value]) => ({ labels: { status }, value })),
    ),
    gauge("subaccounts_open", "Subaccounts that are not closed.", [{ value: capacity.open }]),
    gauge("subaccounts_max", "The most subaccounts that may be open.", [{ value: capacity.max }]),
    gauge(
      "sweep_age_seconds",
      "Time since the last finished sweep.",
      sweep === null ? [] : [{ value: sweep.ageSeconds }],
    ),
    gauge(
      "sweep_mismatches",
      "Accounts that the last sweep found to differ.",
      sweep === null ? [] : [{ value: sweep.mismatches }],
    ),
    gauge("stripe_events_unprocessed", "Events of Stripe that are not processed, at most 1000.", [
      { value: webhooks.stripe.unprocessed.count },
    ]),
    gauge("forward_deliveries_failed", "Failed deliveries among the newest 1000 of the last day.", [
      { value: webhooks.forwarding.failed },
    ]),
    gauge("schedule_late_seconds", "By how much the most overdue recurring job is late.", [
      { value: scheduler.lateSeconds ?? 0 },
    ]),
    gauge(
      "due_work_late_seconds",
      "By how much the most overdue tenant of a kind of work is late.",
      health.dueWork.map(({ kind, lateSeconds }) => ({ labels: { kind }, value: lateSeconds })),
    ),
    gauge(
      "messages_last_hour",
      "Messages of the last hour by status: the newest 10000.",
      health.messages.map(({ direction, status, count }) => ({ labels: { direction, status }, value: count })),
    ),
  ];
}

const gauge = (name: string, help: string, samples: Metric["samples"]): Metric => ({
  name: `switchboard_${name}`,
  help,
  samples,
});
