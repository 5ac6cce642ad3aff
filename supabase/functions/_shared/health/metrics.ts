import type { Metric } from "./exposition.ts";
import type { Health } from "./health.ts";

/** The metrics of an installation. No label names a tenant, so their number does not grow with the tenants. */
export function metricsOf(health: Health): Metric[] {
  return [...workMetrics(health), ...stateMetrics(health), ...usageMetrics(health), ...unpaidMetrics(health)];
}

function workMetrics({ lanes, deadLetters, alerts }: Health): Metric[] {
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
    gauge("dead_letters", "Jobs that failed in every attempt, at most 1000.", [{ value: deadLetters.count }]),
    gauge(
      "alerts_open",
      "Open operator alerts, at most 1000 of a kind.",
      alerts.flatMap(({ kind, open, unacknowledged }) => [
        { labels: { kind, acknowledged: "false" }, value: unacknowledged.count },
        { labels: { kind, acknowledged: "true" }, value: open.count - unacknowledged.count },
      ]),
    ),
  ];
}

function stateMetrics({ sweep, capacity, webhooks, scheduler, dueWork, messages }: Health): Metric[] {
  return [
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
      dueWork.map(({ kind, lateSeconds }) => ({ labels: { kind }, value: lateSeconds })),
    ),
    gauge(
      "messages_last_hour",
      "Messages of the last hour by status: the newest 10000.",
      messages.map(({ direction, status, count }) => ({ labels: { direction, status }, value: count })),
    ),
  ];
}

function usageMetrics({ usage, reconciliation, at }: Health): Metric[] {
  return [
    gauge("usage_syncs_due", "Accounts whose usage is to be read at Twilio, at most 1000.", [
      { value: usage.due.count },
    ]),
    gauge("usage_sync_late_seconds", "By how much the most overdue read of usage is late.", [
      { value: usage.lateSeconds },
    ]),
    gauge("usage_unread_days", "Days from the oldest one that no read of usage has covered until today.", [
      { value: usage.oldestUnreadDay === null ? 0 : daysBetween(usage.oldestUnreadDay, at) },
    ]),
    gauge("usage_syncs_failing", "Reads of usage that failed, at most 1000 of a state.", [
      { labels: { state: "retrying" }, value: usage.retrying.count },
      { labels: { state: "dead_letter" }, value: usage.deadLetters.count },
    ]),
    gauge("reconciliation_late_seconds", "By how much the most overdue comparison of a day with usage is late.", [
      { value: reconciliation.lateSeconds },
    ]),
    gauge("reconciliation_days", "Days of accounts by what they wait for, at most 1000 of a state.", [
      { labels: { state: "due" }, value: reconciliation.due.count },
      { labels: { state: "open" }, value: reconciliation.openDays.count },
      { labels: { state: "unexplained" }, value: reconciliation.unexplained.count },
    ]),
  ];
}

function unpaidMetrics({ unpaid }: Health): Metric[] {
  const ofTotals = (valueOf: (total: Health["unpaid"]["totals"][number]) => number) =>
    unpaid.totals.map((total) => ({ labels: { currency: total.currency ?? "unknown" }, value: valueOf(total) }));
  return [
    gauge(
      "unpaid_accounts",
      "Accounts without a paying tenant that cost something.",
      ofTotals(({ accounts }) => accounts),
    ),
    gauge(
      "unpaid_monthly_cost",
      "What accounts without a paying tenant cost a month, in Twilio's price.",
      ofTotals(({ monthlyCost }) => Number(monthlyCost)),
    ),
    gauge(
      "unpaid_age_seconds",
      "Time since the accounts without a paying tenant were counted.",
      unpaid.ageSeconds === null ? [] : [{ value: unpaid.ageSeconds }],
    ),
  ];
}

const daysBetween = (day: string, until: string): number =>
  Math.floor((Date.parse(until) - Date.parse(day)) / 86_400_000);

const gauge = (name: string, help: string, samples: Metric["samples"]): Metric => ({
  name: `switchboard_${name}`,
  help,
  samples,
});
