import { click, type View } from "./view.ts";

const operator = { user: "operator" } as const;

/** The views of alerts, queues and reports of operators. */
export const OPERATOR_WORK_VIEWS: readonly View[] = [
  { ...operator, name: "operator-alerts", path: "/operator/alerts", inGate: true },
  {
    ...operator,
    name: "operator-alert-details",
    path: "/operator/alerts",
    open: click("button", /^Details of Twilio's usage and the ledger differ/),
  },
  {
    ...operator,
    name: "operator-acknowledge-dialog",
    path: "/operator/alerts",
    open: click("button", /^Acknowledge Twilio paused a campaign/),
  },
  { ...operator, name: "operator-alerts-settled", path: "/operator/alerts?state=settled" },
  { ...operator, name: "operator-alerts-of-a-kind", path: "/operator/alerts?kind=campaign_paused" },
  { ...operator, name: "operator-queues", path: "/operator/queues", open: click("button", /^Details of Sync numbers/) },
  {
    ...operator,
    name: "operator-replay-event-dialog",
    path: "/operator/queues",
    open: click("button", "Replay a Stripe event"),
  },
  { ...operator, name: "operator-report-sweep", path: "/operator/reports/sweep" },
  {
    ...operator,
    name: "operator-report-reconciliation",
    path: "/operator/reports/reconciliation?days=all",
    open: click("button", /^Evidence of 2026-11-02/),
  },
  { ...operator, name: "operator-report-unexplained", path: "/operator/reports/reconciliation" },
  { ...operator, name: "operator-report-capacity", path: "/operator/reports/capacity" },
  { ...operator, name: "operator-report-keys", path: "/operator/reports/keys" },
  { ...operator, name: "operator-report-audit", path: "/operator/reports/audit" },
];
