import assert from "node:assert/strict";
import fc from "fast-check";
import parse from "parse-prometheus-text-format";
import { Constants } from "../database.types.ts";
import { exposition, type Metric } from "./exposition.ts";
import type { Health } from "./health.ts";
import { metricsOf } from "./metrics.ts";

type Parsed = {
  name: string;
  help: string;
  type: string;
  metrics: { value: string; labels?: Record<string, string> }[];
};
const parsed = (text: string): Parsed[] => (parse as unknown as (text: string) => Parsed[])(text);

const labelName = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/).filter((name) => name !== "__proto__");
const metric = fc.record({
  name: fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/),
  help: fc.stringMatching(/^[A-Za-z][A-Za-z .]{0,20}[a-z.]$/),
  samples: fc.uniqueArray(
    fc.record({
      labels: fc.dictionary(labelName, fc.oneof(fc.string(), fc.constantFrom('a"b', "a\\b", "a\nb", "a,b}")), {
        minKeys: 1,
        noNullPrototype: true,
      }),
      value: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
    }),
    { minLength: 1, maxLength: 4, selector: ({ labels }) => JSON.stringify(labels) },
  ),
});

Deno.test("a parser of Prometheus' format reads back every metric, label and value", () => {
  fc.assert(fc.property(fc.uniqueArray(metric, { selector: ({ name }) => name, maxLength: 4 }), (metrics) => {
    const read = parsed(exposition(metrics));
    assert.deepEqual(
      read.map(({ name, help, type }) => [name, help, type]),
      metrics.map(({ name, help }) => [
        name,
        help,
        "GAUGE",
      ]),
    );
    const seen = read.map(({ metrics }) => metrics.map(({ labels, value }) => [{ ...labels }, Number(value) + 0]));
    assert.deepEqual(seen, metrics.map(({ samples }) => samples.map(({ labels, value }) => [labels, value])));
  }));
});

Deno.test("a metric without samples is left out, and infinity is written as Prometheus reads it", () => {
  const of = (samples: Metric["samples"]) => exposition([{ name: "a", help: "A.", samples }]);
  assert.equal(of([]), "");
  assert.equal(of([{ value: Infinity }]), "# HELP a A.\n# TYPE a gauge\na +Inf\n");
});

const none = { count: 0, isMore: false };
const { job_lane, alert_kind } = Constants.public.Enums;
const HEALTH: Health = {
  at: "2026-11-27T00:00:00.000Z",
  lanes: job_lane.map((lane) => ({
    lane,
    jobs: { count: 1000, isMore: true },
    due: { count: 7, isMore: false },
    inFlight: none,
    oldestDueAt: "2026-11-26T23:58:00.000Z",
    waitsSeconds: 120,
  })),
  deadLetters: { count: 2, isMore: false },
  alerts: alert_kind.map((kind) => ({
    kind,
    open: { count: 3, isMore: false },
    unacknowledged: { count: 1, isMore: false },
  })),
  sweep: null,
  capacity: { open: 80, max: 100, level: "warning" },
  webhooks: { stripe: { unprocessed: none, oldestReceivedAt: null }, forwarding: { deliveries: 5, failed: 4 } },
  scheduler: { lastAt: null, lateSeconds: null },
  dueWork: [{ kind: "convergence", lateSeconds: 9 }],
  messages: [{ direction: "outbound", status: "delivered", count: 12 }],
  usage: {
    due: { count: 6, isMore: false },
    oldestDueAt: "2026-11-26T23:00:00.000Z",
    lateSeconds: 3600,
    oldestUnreadDay: "2026-11-20",
    retrying: { count: 4, isMore: false },
    deadLetters: { count: 5, isMore: false },
  },
  reconciliation: {
    due: { count: 8, isMore: false },
    lateSeconds: 30,
    openDays: { count: 1000, isMore: true },
    unexplained: { count: 9, isMore: false },
  },
  unpaid: {
    totals: [
      { currency: null, accounts: 1, numbers: 1, unpriced: 1, monthlyCost: "0" },
      { currency: "USD", accounts: 2, numbers: 3, unpriced: 0, monthlyCost: "3.45" },
    ],
    countedAt: "2026-11-26T23:55:00.000Z",
    ageSeconds: 300,
  },
};

Deno.test("the metrics have the health by lane, kind and status, and nothing of a sweep that never was", () => {
  const text = exposition(metricsOf(HEALTH));
  const lines = text.split("\n");
  for (
    const line of [
      'switchboard_jobs{lane="usage"} 1000',
      'switchboard_jobs_due{lane="control"} 7',
      'switchboard_job_wait_seconds{lane="control"} 120',
      "switchboard_dead_letters 2",
      'switchboard_alerts_open{kind="dead_letter",acknowledged="false"} 1',
      'switchboard_alerts_open{kind="dead_letter",acknowledged="true"} 2',
      "switchboard_subaccounts_open 80",
      "switchboard_subaccounts_max 100",
      "switchboard_forward_deliveries_failed 4",
      'switchboard_due_work_late_seconds{kind="convergence"} 9',
      'switchboard_messages_last_hour{direction="outbound",status="delivered"} 12',
      "switchboard_usage_syncs_due 6",
      "switchboard_usage_sync_late_seconds 3600",
      "switchboard_usage_unread_days 7",
      'switchboard_usage_syncs_failing{state="retrying"} 4',
      'switchboard_usage_syncs_failing{state="dead_letter"} 5',
      "switchboard_reconciliation_late_seconds 30",
      'switchboard_reconciliation_days{state="due"} 8',
      'switchboard_reconciliation_days{state="open"} 1000',
      'switchboard_reconciliation_days{state="unexplained"} 9',
      'switchboard_unpaid_accounts{currency="USD"} 2',
      'switchboard_unpaid_accounts{currency="unknown"} 1',
      'switchboard_unpaid_monthly_cost{currency="USD"} 3.45',
      "switchboard_unpaid_age_seconds 300",
    ]
  ) assert.ok(lines.includes(line), line);
  assert.doesNotMatch(text, /sweep|switchboard_tenants/);
});
