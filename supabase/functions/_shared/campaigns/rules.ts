import { SENDER_RULES, senderError } from "../messages/reserve.ts";
import type { Enum } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";

/** The outcomes of `create_campaign` and `preview_campaign` that forbid a campaign, with their columns. */
export const CAMPAIGN_RULES = {
  scheduled_in_past: [],
  window_never_opens: ["never_open"],
  too_many_recipients: ["recipients_left"],
  ...SENDER_RULES,
} as const;

/** A rule that forbids a campaign, as `create_campaign` and `preview_campaign` return it. */
export type CampaignRule =
  | { outcome: "too_many_recipients"; recipients_left: number }
  | { outcome: "window_never_opens"; never_open: string[] }
  | { outcome: "scheduled_in_past" | Exclude<Enum<"sender_outcome">, "allowed" | "unconfirmed_user"> };

/** The error for a rule that forbids a campaign to so many recipients. */
export function campaignError(
  rule: CampaignRule,
  { from, scheduledAt }: { from: string | null; scheduledAt?: string | undefined },
  recipients: number,
): ApiError {
  switch (rule.outcome) {
    case "scheduled_in_past":
      return scheduledInPast(scheduledAt ?? "");
    case "window_never_opens":
      return neverOpens(rule.never_open);
    case "too_many_recipients":
      return new ApiError(
        "too_many_recipients",
        `Cannot accept ${recipients} recipients: your plan's messages of a month leave room for ${rule.recipients_left} more in your campaigns`,
        { details: [{ recipients, limit: rule.recipients_left }] },
      );
    case "no_number":
    case "number_not_owned":
    case "number_not_capable":
    case "number_over_limit":
    case "no_subaccount":
    case "pending":
    case "suspended":
    case "closed":
      return senderError(rule.outcome, from);
  }
}

function scheduledInPast(scheduledAt: string): ApiError {
  return new ApiError("invalid_input", `Cannot send: scheduledAt is in the past ("${scheduledAt}")`, {
    details: [{ field: "scheduledAt", code: "in_the_past", message: "must not be more than two minutes ago" }],
  });
}

function neverOpens(countries: string[]): ApiError {
  const message = `is never open in all time zones of ${countries.slice(0, 20).join(", ")}: ` +
    "widen the window or name a timeZone";
  return new ApiError("invalid_input", `Cannot send: sendWindow ${message}`, {
    details: [{ field: "sendWindow", code: "never_open", message }],
  });
}
