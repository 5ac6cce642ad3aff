import type { Tenant, TenantSubscription, TenantUnpaid, TenantView } from "../../../../client/switchboard.ts";
import { dateAndTime, longDate } from "../../platform/dates.ts";
import { money } from "../../platform/money.ts";
import { obstacleOf, type TenantAction } from "./offers.ts";

export const SEVERITIES = ["critical", "warning", "notice"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** A part of the drawer. */
export const TABS = ["overview", "numbers", "usage", "subscriptions", "limits", "work", "timeline"] as const;
export type Tab = (typeof TABS)[number];

/** One thing that is wrong with a tenant. */
export interface Trouble {
  severity: Severity;
  /** What is wrong, why, and what to do: whole sentences. */
  text: string;
  /** The actions that help, each of which can be done now. */
  actions: readonly TenantAction[];
  /** Where the rest is; null: nowhere else. */
  tab: Tab | null;
}

type View = Pick<
  TenantView,
  "tenant" | "subscriptions" | "unpaid" | "usage" | "deadLetters" | "alerts" | "timeline"
>;

/** Everything that is wrong with a tenant, the worst first. Empty: nothing is. */
export function troublesOf(view: View): Trouble[] {
  const found = [deletion, closure, twilioSuspension, hold, payment, drift, lastError, limits, work]
    .flatMap((look) => look(view) ?? []);
  return found
    .map((trouble) => ({
      ...trouble,
      actions: trouble.actions.filter((action) => obstacleOf(action, view) === null),
    }))
    .toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

/** What the account is in when nothing is wrong. */
export function calmOf({ tenant, subscriptions }: Pick<View, "tenant" | "subscriptions">): string {
  const plan = tenant.plan === null ? "" : ` on the plan "${tenant.plan}"`;
  switch (tenant.status) {
    case "pending":
      return tenant.wanted === "none"
        ? "Nothing is wrong. They have no subaccount and are entitled to none."
        : "The subaccount is being set up. Nothing is wrong so far.";
    case "active":
      return subscriptions.some(({ counts }) => counts)
        ? `Nothing is wrong: the subaccount is active${plan}, and a subscription pays for it.`
        : `Nothing is wrong: the subaccount is active${plan}.`;
    case "suspended":
      return "The subaccount is suspended, as it should be.";
    case "closed":
      return "The subaccount is closed for good. A tenant who pays again gets a new one.";
  }
}

function deletion({ tenant: { userDeletedAt, status, subaccountSid } }: View): Trouble | null {
  if (userDeletedAt === null) return null;
  const isDone = status === "closed" || subaccountSid === null;
  return {
    severity: isDone ? "notice" : "warning",
    text: `The user was deleted on ${longDate(userDeletedAt)}. ` +
      (isDone
        ? "Nothing is left at Twilio."
        : "The subaccount is closed once its numbers have left it: compare with Twilio if it takes longer than a day."),
    actions: isDone ? [] : ["sync"],
    tab: null,
  };
}

function closure({ tenant, timeline }: View): Trouble | null {
  if (tenant.operatorHold !== "closed" || tenant.userDeletedAt !== null) return null;
  const by = becauseOf(timeline.entries, "tenant.closed");
  return tenant.status === "closed"
    ? { severity: "notice", text: `An operator closed this tenant for good${by}.`, actions: [], tab: "timeline" }
    : {
      severity: "warning",
      text: `An operator closes this tenant${by}: the numbers leave first, then Twilio closes the subaccount. ` +
        "Compare with Twilio if it takes longer than a day, or resume the tenant to stop it.",
      actions: ["sync", "resume"],
      tab: "timeline",
    };
}

function twilioSuspension({ tenant: { suspendedAtTwilio, status, userDeletedAt } }: View): Trouble | null {
  if (!suspendedAtTwilio || status === "closed" || userDeletedAt !== null) return null;
  return {
    severity: "critical",
    text:
      "Suspended in Twilio's console, not by us: nothing is sent or received. Find out why at Twilio, then resume " +
      "the tenant here, or suspend it for good reason.",
    actions: ["resume", "suspend"],
    tab: null,
  };
}

function hold({ tenant, timeline }: View): Trouble | null {
  if (tenant.operatorHold !== "suspended" || tenant.userDeletedAt !== null) return null;
  return {
    severity: "warning",
    text: `Suspended by an operator${becauseOf(timeline.entries, "tenant.suspended")}. Resume the tenant when the ` +
      "cause is gone.",
    actions: ["resume"],
    tab: "timeline",
  };
}

/** Why an account that costs something is not paid for, and what the operator does. */
function payment(view: View): Trouble | null {
  const { unpaid, tenant } = view;
  const counting = view.subscriptions.find(({ counts }) => counts);
  if (tenant.userDeletedAt !== null) return null;
  if (unpaid === null) return counting === undefined ? null : lapse(counting, tenant);
  const cost = costInWords(unpaid);
  switch (unpaid.reason) {
    case "user_deleted":
    case "suspended_at_twilio":
    case "operator_hold":
      // The cause is said as a trouble of its own.
      return {
        severity: "warning",
        text: `The account costs ${cost} while it cannot be used${
          counting !== undefined && !isPaying(counting) ? `, and ${pastDue(counting)}` : ""
        }. Close it if it stays so.`,
        actions: ["close"],
        tab: "numbers",
      };
    case "no_subscription":
      return {
        severity: "warning",
        text: `Unpaid: the account costs ${cost}, and there is no subscription. Ask the tenant to subscribe, or ` +
          "suspend or close it.",
        actions: ["suspend", "close"],
        tab: "subscriptions",
      };
    case "past_due":
    case "unpaid":
    case "paused":
    case "canceled": {
      const found = lapse(counting, tenant) ?? {
        severity: "warning" as const,
        text: `Unpaid: the subscription is ${said(unpaid.reason)}.`,
        actions: [],
        tab: "subscriptions" as const,
      };
      return { ...found, text: `${found.text} The account costs ${cost}.` };
    }
    case "not_returned":
      return {
        severity: "warning",
        text:
          `The tenant pays again, and Twilio refuses that a parked number returns. It costs ${cost}. The number's ` +
          "row says why: end the cause at Twilio, then compare with Twilio.",
        actions: ["sync"],
        tab: "numbers",
      };
    case "downgraded":
      return {
        severity: "notice",
        text: `The tenant has more numbers than the plan allows: they cost ${cost} and leave at the time that the ` +
          "number's row says. Raise the limit to keep them.",
        actions: [],
        tab: "limits",
      };
  }
}

const isPaying = ({ status }: TenantSubscription) => status === "active" || status === "trialing";

/** `unpaid since 3 November 2026` */
function pastDue({ pastDueSince, status }: TenantSubscription): string {
  return pastDueSince !== null ? `unpaid since ${longDate(pastDueSince)}` : `its subscription is ${said(status)}`;
}

const said = (status: string) => status.replaceAll("_", " ");

/** A subscription that does not pay as usual, in sentences; null for one that does. */
function lapse(subscription: TenantSubscription | undefined, tenant: Tenant): Trouble | null {
  if (subscription === undefined) return null;
  const { status, pastDueSince, plan, endedAt } = subscription;
  const name = plan === null ? "the subscription" : `the subscription to "${plan}"`;
  const since = pastDueSince === null ? "" : ` since ${longDate(pastDueSince)}`;
  const tab = "subscriptions";
  switch (status) {
    case "active":
    case "trialing":
      return null;
    case "past_due":
      return tenant.wanted === "active"
        ? {
          severity: "critical",
          text: `Unpaid${since}: the last payment for ${name} failed. The account still works until the plan's grace ` +
            "period ends. Suspend the tenant now, or cancel the subscription.",
          actions: ["suspend"],
          tab,
        }
        : {
          severity: "critical",
          text: `Unpaid${since}: the payment for ${name} failed, and the plan's grace period is over. Cancel the ` +
            "subscription, or close the tenant.",
          actions: ["close"],
          tab,
        };
    case "unpaid":
      return {
        severity: "critical",
        text: `Unpaid${since}: Stripe has stopped collecting for ${name}. The tenant can pay in the billing portal. ` +
          "Cancel the subscription, or close the tenant.",
        actions: ["close"],
        tab,
      };
    case "paused":
      return {
        severity: "warning",
        text: `Paused: Stripe does not collect for ${name}. Resume it at Stripe, or cancel it.`,
        actions: [],
        tab,
      };
    case "canceled":
      return {
        severity: "warning",
        text: `Canceled: ${name} ended${endedAt === null ? "" : ` on ${longDate(endedAt)}`}. The account is closed ` +
          "when the plan's retention is over. Close it now if nothing in it is needed.",
        actions: ["close"],
        tab,
      };
    case "incomplete":
      return {
        severity: "notice",
        text: `The first payment for ${name} is not made yet. Nothing needs to be done unless it stays so.`,
        actions: [],
        tab,
      };
    case "incomplete_expired":
      return {
        severity: "notice",
        text: `The first payment for ${name} was never made, and Stripe ended it. The tenant can subscribe again.`,
        actions: [],
        tab,
      };
  }
}

function drift({ tenant }: View): Trouble | null {
  const { isDrifting, wanted, status, suspendedAtTwilio, lastError } = tenant;
  // Our own word comes first where Twilio's console decided otherwise.
  if (!isDrifting || suspendedAtTwilio) return null;
  const what = status === "pending"
    ? `They should have ${article(wanted)} subaccount, and it is not set up`
    : `The subaccount should be ${wanted === "none" ? "suspended" : wanted} and is ${status}`;
  return lastError === null
    ? {
      severity: "notice",
      text: `${what}: a job is about to change it. Compare with Twilio if it stays so.`,
      actions: ["sync"],
      tab: "work",
    }
    : {
      severity: "critical",
      text: `${what}, because the last attempt failed: ${quoted(lastError)}. End the cause, then compare with Twilio.`,
      actions: ["sync"],
      tab: "work",
    };
}

const article = (wanted: string) =>
  wanted === "active" ? "an active" : wanted === "none" ? "a suspended" : `a ${wanted}`;

function lastError({ tenant: { lastError, isDrifting, suspendedAtTwilio } }: View): Trouble | null {
  if (lastError === null || (isDrifting && !suspendedAtTwilio)) return null;
  return {
    severity: "warning",
    text: `The last comparison with Twilio failed: ${quoted(lastError)}. Compare again to see whether it persists.`,
    actions: ["sync"],
    tab: "work",
  };
}

function limits({ tenant: { isOverLimit }, usage: { remaining } }: View): Trouble | null {
  if (!isOverLimit) return null;
  const reached = [
    remaining.daily === 0 ? "messages in 24 hours" : null,
    remaining.monthly === 0 ? "messages in the month" : null,
    remaining.spend === 0 ? "spending in the period" : null,
  ].filter((one) => one !== null);
  return {
    severity: "warning",
    text:
      `A limit is reached${reached.length === 0 ? "" : `: ${reached.join(", ")}`}. Nothing more is sent until there ` +
      "is room again. Set limits of their own to let the tenant continue.",
    actions: [],
    tab: "limits",
  };
}

function work({ deadLetters, alerts }: View): Trouble[] {
  const found: Trouble[] = [];
  if (deadLetters.length > 0) {
    found.push({
      severity: "warning",
      text: `${counted(deadLetters.length, "job")} failed in every attempt. Read the error, end its cause and replay.`,
      actions: [],
      tab: "work",
    });
  }
  const open = alerts.filter(({ acknowledgedAt }) => acknowledgedAt === null);
  if (open.length > 0) {
    found.push({
      severity: "warning",
      text: `${counted(open.length, "alert")} of this tenant ${open.length === 1 ? "waits" : "wait"} for an operator.`,
      actions: [],
      tab: "work",
    });
  }
  return found;
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** An error without its final period, so that the sentence around it has one. */
const quoted = (error: string) => `“${error.trim().replace(/\.+$/, "")}”`;

/** ` on 3 November 2026, because “…”`, from the newest line of an action; empty without one. */
function becauseOf(lines: View["timeline"]["entries"], action: string): string {
  const line = lines.find((one) => one.action === action);
  if (line === undefined) return "";
  const { reason } = line.details;
  const because = typeof reason === "string" && reason !== "" ? `, because ${quoted(reason)}` : "";
  return ` on ${dateAndTime(line.at)}${because}`;
}

/** `$2.30 a month`, with each currency apart. */
export function costInWords({ costs }: Pick<TenantUnpaid, "costs">): string {
  const amounts = costs.map(({ currency, monthlyCost, otherMonthlyCost, unpriced }) => {
    const sum = Number(monthlyCost) + Number(otherMonthlyCost);
    const amount = currency === null ? String(sum) : money(sum.toFixed(5), currency);
    return unpriced === 0 ? amount : `${amount} and ${counted(unpriced, "number")} of unknown price`;
  });
  return amounts.length === 0 ? "an unknown amount a month" : `${amounts.join(" and ")} a month`;
}
