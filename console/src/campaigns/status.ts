import type { Campaign, CampaignCount, CampaignRecipient, CampaignStatus } from "../../../client/switchboard.ts";
import { codeInWords } from "../send-message/code-in-words.ts";

/** How a campaign's status is shown. */
export const STATUSES: Readonly<Record<CampaignStatus, { label: string; color: string }>> = {
  scheduled: { label: "Scheduled", color: "blue" },
  running: { label: "Sending", color: "exchange" },
  paused: { label: "Paused", color: "yellow" },
  canceled: { label: "Canceled", color: "gray" },
  completed: { label: "Completed", color: "green" },
};

/** The counts in the order in which a recipient passes them. */
export const COUNTS: readonly { count: CampaignCount; label: string; color: string }[] = [
  { count: "delivered", label: "Delivered", color: "exchange.7" },
  { count: "sent", label: "Sent", color: "exchange.4" },
  { count: "inFlight", label: "On the way", color: "blue.4" },
  { count: "waiting", label: "Waiting", color: "gray.4" },
  { count: "failed", label: "Failed", color: "red.6" },
  { count: "unknown", label: "Outcome unknown", color: "orange.5" },
  { count: "skipped", label: "Skipped", color: "gray.6" },
];

export function labelOf(count: CampaignCount): string {
  return COUNTS.find((known) => known.count === count)?.label ?? count;
}

const REASONS: Readonly<Record<string, string>> = {
  daily_limit_reached: "Your plan's messages of today are used up. It continues by itself when there is room again",
  monthly_limit_reached:
    "Your plan's messages of this month are used up. It continues by itself when there is room again",
  spend_limit_reached: "Your plan's spend limit is reached. It continues by itself when there is room again",
  outside_window: "It waits for the hours of its send window",
  account_refused: "Twilio does not accept your account just now. Resume it when your account is in order",
  sender_refused: "The number cannot send just now. Resume it when the number is in order",
  twilio_refused: "Twilio refused the messages for a reason that all of them have",
  twilio_throttled: "Twilio took no messages of this number for about an hour. Resume it later",
  no_number: "You have no number to send from",
  number_not_owned: "The number is not one of yours any more",
  number_not_capable: "The number cannot send messages of this kind",
  number_over_limit: "The number is beyond what your plan has",
  no_subaccount: "You have no subaccount",
  pending: "Your subaccount is being set up",
  suspended: "Your subaccount is suspended",
  closed: "Your subaccount is closed",
};

/** Why a campaign waits or is paused, as a sentence without a period; null when it does neither, or its tenant paused it. */
export function reasonOf({ statusReason }: Pick<Campaign, "statusReason">): string | null {
  return statusReason === null ? null : REASONS[statusReason] ?? "It waits for a reason that this page does not know";
}

/** Whether anything about it may still change by itself. */
export function isActive({ status, counts }: Pick<Campaign, "status" | "counts">): boolean {
  return status === "scheduled" || status === "running" || counts.inFlight > 0;
}

/** The share of recipients that are done with, in percent. */
export function progressOf({ total, counts }: Pick<Campaign, "total" | "counts">): number {
  return total === 0 ? 100 : Math.floor((1 - (counts.waiting + counts.inFlight) / total) * 100);
}

const SKIPS: Readonly<Record<string, string>> = {
  opted_out: "Opted out",
  destination_refused: "Country not allowed",
  canceled: "The campaign was canceled",
};

/** What became of a recipient beside the count, as a sentence without a period; empty when there is nothing to add. */
export function remarkOf({ skipReason, errorCode, errorMessage }: CampaignRecipient): string {
  if (skipReason !== null) return SKIPS[skipReason] ?? "";
  if (errorCode === null) return errorMessage ?? "";
  const reason = codeInWords(errorCode);
  return reason === null ? `Error ${errorCode}` : `${reason} (${errorCode})`;
}

/** A campaign's name, or what stands for it. */
export function titleOf({ name, body }: Pick<Campaign, "name" | "body">): string {
  if (name !== null) return name;
  const line = body?.trim().replaceAll(/\s+/g, " ") ?? "";
  if (line === "") return "Campaign";
  return line.length <= 60 ? line : `${line.slice(0, 59).toWellFormed()}…`;
}

/** `12 recipients` */
export function recipientsText(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? "recipient" : "recipients"}`;
}
