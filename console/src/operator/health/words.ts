import type { BoundedCount, DeadLetter, Health } from "../../../../client/switchboard.ts";
import { durationInWords } from "../../platform/durations.ts";
import { inWords } from "../details.ts";

/** `12`, or `1,000+` where counting stopped. */
export function counted({ count, isMore }: BoundedCount): string {
  return `${count.toLocaleString()}${isMore ? "+" : ""}`;
}

/** `3 alerts`, `1 alert` */
export function numbered(count: number, one: string, several = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : several}`;
}

/** `late by 3 minutes`, or that nothing waits. */
export function lateInWords(seconds: number | null): string {
  return seconds === null || seconds < 1 ? "on time" : `late by ${durationInWords(seconds)}`;
}

/** From when on lateness is worth a look, in seconds. */
export const LATE_AFTER = {
  /** `run-jobs` is called every ten seconds. */
  lane: 60,
  /** The shortest interval of a recurring job is a minute. */
  scheduler: 180,
  /** As `deno task verify` warns. */
  dueWork: 7_200,
} as const;

/** What a lane does, so that an operator knows what waits when it is late. */
export const LANES: Readonly<Record<DeadLetter["lane"], { label: string; meaning: string }>> = {
  control: {
    label: "Control",
    meaning: "Accounts, numbers, subscriptions and Stripe's events. All that has no lane of its own.",
  },
  messages: { label: "Messages", meaning: "Statuses and prices of messages, and the deletion of texts." },
  campaigns: { label: "Campaigns", meaning: "The batches of campaigns." },
  forwarding: {
    label: "Forwarding",
    meaning: "Received messages and notices to tenants' webhooks, and alerts to yours.",
  },
  usage: { label: "Usage", meaning: "Usage at Twilio, fees, spend limits and reconciliation." },
  billing: { label: "Billing", meaning: "Rating of usage, meters at Stripe, invoices and final bills." },
};

/** What tenants are due for, by the name of the kind of work. */
export const DUE_WORK: Readonly<Record<string, string>> = {
  changed_spend_limit: "Usage triggers after a changed spend limit",
  convergence: "Subaccounts that may differ from what is wanted",
  number_sync: "Numbers compared with Twilio",
  rating: "Usage to be rated",
  redaction: "Texts past their retention",
  spending: "Thresholds of spend limits",
  usage_trigger: "Usage triggers looked at daily",
};

/** What a kind of due work is, also of one that this console does not know yet. */
export function dueWorkInWords(kind: string): string {
  return DUE_WORK[kind] ?? inWords(kind);
}

type Level = Health["capacity"]["level"];

/** How close the open accounts are to the maximum, and what to do. */
export const LEVELS: Readonly<Record<Level, { label: string; color: string; next: string }>> = {
  within: { label: "Enough room", color: "teal", next: "Nothing to do: less than 80 % of the maximum is open." },
  warning: {
    label: "From 80 %",
    color: "yellow",
    next: "Ask Twilio for more subaccounts now, then raise MAX_SUBACCOUNTS.",
  },
  critical: {
    label: "From 95 %",
    color: "red",
    next: "New tenants will soon have to wait. Ask Twilio for more subaccounts, then raise MAX_SUBACCOUNTS.",
  },
};
