import { type Db, decide } from "../platform/database.ts";
import { Refusal } from "../platform/errors.ts";
import { type rateLimitArgs, rateLimited } from "../platform/rate-limit.ts";
import type { Composed } from "./compose.ts";
import { refusalOfMessage } from "./refusals.ts";
import type { NumberSource } from "../numbers/shape.ts";

export interface Reservation {
  messageId: string;
  from: string;
  accountSid: string;
  /** Null for the master account, whose token is not in the database. */
  sealedToken: string | null;
  source: NumberSource;
}

/** A message as callers see it. */
export interface SentMessage {
  id: string;
  sid: string | null;
  status: string;
  from: string;
  to: string;
  segments: number;
  encoding: string;
  source: string;
}

export type ReserveResult = { outcome: "reserved"; reservation: Reservation } | {
  outcome: "duplicate";
  message: SentMessage;
};

export interface ReserveOptions {
  userId: string;
  idempotencyKey: string;
  fallback: boolean;
  masterAccountSid: string;
  /** What the request counts for; see `rateLimitArgs`. */
  rateLimit: ReturnType<typeof rateLimitArgs>;
}

/**
 * One round trip that decides whether the message may be sent, from which number of which account, and reserves its row.
 * @throws Refusal naming the rule that forbids it, or the earlier refusal when the key was used for this request before
 */
export async function reserveMessage(db: Db, composed: Composed, options: ReserveOptions): Promise<ReserveResult> {
  const row = await decide(db, "reserve_message", {
    p_user_id: options.userId,
    p_idempotency_key: options.idempotencyKey,
    p_request_hash: composed.requestHash,
    p_to: composed.to,
    p_country: composed.country,
    p_from: composed.from,
    p_body: composed.body,
    p_media_urls: composed.mediaUrls,
    p_segments: composed.segments,
    p_encoding: composed.encoding,
    p_fallback: options.fallback,
    p_master_account_sid: options.masterAccountSid,
    ...options.rateLimit,
  });
  const { from, to } = composed;
  switch (row.outcome) {
    case "reserved":
      return {
        outcome: "reserved",
        reservation: {
          messageId: row.message_id,
          from: row.from_number,
          accountSid: row.account_sid,
          sealedToken: row.sealed_token,
          source: row.source === "master" ? "master" : "subaccount",
        },
      };
    case "duplicate":
      if (row.status === "refused") {
        throw refusalOfMessage(to, { status: 400, code: row.error_code ?? 0, message: row.error_message ?? "" });
      }
      return {
        outcome: "duplicate",
        message: {
          id: row.message_id,
          sid: row.twilio_message_sid,
          status: row.status,
          from: row.from_number,
          to,
          segments: row.num_segments,
          encoding: row.encoding,
          source: row.source,
        },
      };
    case "key_conflict":
      throw new Refusal("idempotency_key_reused", "Cannot send: this Idempotency-Key was used for a different message");
    case "rate_limited":
      throw rateLimited(row.retry_after_seconds);
    case "destination_refused":
      throw new Refusal(
        "destination_not_enabled",
        `Cannot send to "${to}": messages to "${composed.country}" are not enabled`,
        { details: [{ field: "to", code: "country_not_enabled", country: composed.country }] },
      );
    case "opted_out":
      throw new Refusal("recipient_opted_out", `Cannot send to "${to}": they replied STOP to "${row.from_number}"`);
    case "daily_limit_reached":
      throw limitReached("today", Number(row.message_limit), "3600");
    case "monthly_limit_reached":
      throw limitReached("this month", Number(row.message_limit), "86400");
    case "spend_limit_reached":
      throw spendLimitReached(Number(row.message_limit));
    default:
      throw senderRefusal(row.outcome, from);
  }
}

/** Why a tenant cannot send, or not from this number: the outcomes of `may_send_from`. */
export function senderRefusal(outcome: string, from: string | null): Refusal {
  switch (outcome) {
    case "number_not_owned":
      return new Refusal("number_not_owned", `Cannot send from "${from}": number is not yours`, {
        details: [{ field: "from", code: "not_owned" }],
      });
    case "no_number":
      return new Refusal("number_required", "Cannot send: you have no number yet, buy one first");
    case "no_subaccount":
      return new Refusal("subaccount_required", "Cannot send: you have no subaccount yet, provision one first");
    case "pending":
      return new Refusal("subaccount_pending", "Cannot send yet: your subaccount is being set up");
    case "suspended":
      return new Refusal("subaccount_suspended", "Cannot send: your subaccount is suspended");
    case "closed":
      return new Refusal("subaccount_closed", "Cannot send: your subaccount is closed");
    default:
      throw new Error(`A sender is "${outcome}", which nobody here knows`);
  }
}

/** @param limit a number: a numeric of the database may come as a text, to lose nothing */
function spendLimitReached(limit: number): Refusal {
  return new Refusal("spend_limit_reached", `Cannot send: your plan's limit of ${limit} a month is spent`, {
    headers: { "retry-after": "86400" },
    details: [{ limit }],
  });
}

function limitReached(period: string, limit: number, retryAfterSeconds: string): Refusal {
  return new Refusal(
    "message_limit_reached",
    `Cannot send: your plan's limit of ${limit} messages ${period} is reached`,
    {
      headers: { "retry-after": retryAfterSeconds },
      details: [{ limit, period }],
    },
  );
}
