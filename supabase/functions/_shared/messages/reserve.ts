import { type Db, decision, type Enum, type Row, rowFrom } from "../platform/database.ts";
import { ApiError, rateLimited } from "../platform/errors.ts";
import type { rateLimitArgs } from "../platform/rate-limit.ts";
import { type Spending, spendingNotice, spendLimitReached } from "../spending/spending.ts";
import type { Composed } from "./compose.ts";
import { errorOfMessage } from "./errors.ts";

/** The outcomes for a tenant who cannot send, or not from this number. */
export const SENDER_RULES = {
  no_number: [],
  number_not_owned: [],
  number_not_capable: [],
  number_over_limit: [],
  no_subaccount: [],
  pending: [],
  suspended: [],
  closed: [],
} as const;

const reserve = decision("reserve_message", {
  reserved: ["message", "sealed_token?", "spending?"],
  duplicate: ["message"],
  key_conflict: [],
  rate_limited: ["retry_after_seconds"],
  destination_refused: [],
  opted_out: ["from_number"],
  daily_limit_reached: ["message_limit"],
  monthly_limit_reached: ["message_limit"],
  spend_limit_reached: ["message_limit", "spending"],
  recipient_limit_reached: ["message_limit"],
  fallback_limit_reached: ["message_limit"],
  unconfirmed_user: [],
  ...SENDER_RULES,
});

export interface Reservation {
  messageId: string;
  from: string;
  accountSid: string;
  /** Null for the master account, whose token is not in the database. */
  sealedToken: string | null;
  source: Enum<"message_source">;
  /** Present when the message reaches a threshold of the spend limit. */
  spending?: Spending;
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
  source: Enum<"message_source">;
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
  /** The rate limit that the request counts towards; see `rateLimitArgs`. */
  rateLimit: ReturnType<typeof rateLimitArgs>;
}

/**
 * Decides in one round trip whether the message may be sent, and from which number of which account, and reserves its row.
 * @throws ApiError naming the rule that forbids it, or the error of the earlier request with this key
 */
export async function reserveMessage(db: Db, composed: Composed, options: ReserveOptions): Promise<ReserveResult> {
  const decided = await reserve(db, {
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
  switch (decided.outcome) {
    case "reserved":
      return {
        outcome: "reserved",
        reservation: {
          ...reservationOf(rowFrom("sms_messages", decided.message), decided.sealed_token),
          ...spendingNotice(decided.spending),
        },
      };
    case "duplicate":
      return { outcome: "duplicate", message: earlierMessage(rowFrom("sms_messages", decided.message), composed) };
    case "key_conflict":
      throw new ApiError(
        "idempotency_key_reused",
        "Cannot send: this Idempotency-Key was used for a different message",
      );
    case "rate_limited":
      throw rateLimited(decided.retry_after_seconds);
    case "destination_refused":
      throw new ApiError(
        "destination_not_enabled",
        `Cannot send to "${to}": messages to "${composed.country}" are not enabled`,
        { details: [{ field: "to", code: "country_not_enabled", country: composed.country }] },
      );
    case "opted_out":
      throw new ApiError(
        "recipient_opted_out",
        `Cannot send to "${to}": they opted out of messages from "${decided.from_number}"`,
      );
    case "daily_limit_reached":
      throw limitReached("today", Number(decided.message_limit), "3600");
    case "monthly_limit_reached":
      throw limitReached("this month", Number(decided.message_limit), "86400");
    case "spend_limit_reached":
      throw spendLimitReached("Cannot send", decided.spending);
    case "recipient_limit_reached":
      throw sharedLimitReached(`Cannot send to "${to}"`, "today to one recipient", Number(decided.message_limit));
    case "fallback_limit_reached":
      throw sharedLimitReached("Cannot send", "today from all users together", Number(decided.message_limit));
    case "unconfirmed_user":
    case "no_number":
    case "number_not_owned":
    case "number_not_capable":
    case "number_over_limit":
    case "no_subaccount":
    case "pending":
    case "suspended":
    case "closed":
      throw senderError(decided.outcome, from);
  }
}

function reservationOf(row: Row<"sms_messages">, sealedToken: string | null): Reservation {
  return {
    messageId: row.id,
    from: row.from_number,
    accountSid: row.account_sid,
    sealedToken,
    source: row.source,
  };
}

/** @throws ApiError the error of the earlier request */
function earlierMessage(row: Row<"sms_messages">, { to, segments, encoding }: Composed): SentMessage {
  if (row.status === "refused") {
    throw errorOfMessage(to, { status: 400, code: row.error_code ?? 0 });
  }
  return {
    id: row.id,
    sid: row.twilio_message_sid,
    status: row.status,
    from: row.from_number,
    to,
    segments: row.num_segments ?? segments,
    encoding: row.encoding ?? encoding,
    source: row.source,
  };
}

/** The error for a tenant who cannot send, or not from this number. */
export function senderError(outcome: Exclude<Enum<"sender_outcome">, "allowed">, from: string | null): ApiError {
  switch (outcome) {
    case "unconfirmed_user":
      return new ApiError(
        "user_not_confirmed",
        "Cannot send from a shared number: confirm your e-mail address or phone number first",
      );
    case "number_not_owned":
      return new ApiError("number_not_owned", `Cannot send from "${from}": number is not yours`, {
        details: [{ field: "from", code: "not_owned" }],
      });
    case "number_not_capable":
      return new ApiError(
        "invalid_sender",
        `Cannot send from ${from === null ? "the default sender" : `"${from}"`}: it cannot send this kind of message`,
        { details: [{ field: "from", code: "not_capable" }] },
      );
    case "number_over_limit":
      return new ApiError(
        "number_over_limit",
        `Cannot send from ${
          from === null ? "the default sender" : `"${from}"`
        }: it is beyond the numbers of your plan. Change to a plan with more numbers, release another number, or send from your primary number`,
        { details: [{ field: "from", code: "over_limit" }] },
      );
    case "no_number":
      return new ApiError("number_required", "Cannot send: you have no number that can send yet, buy one first");
    case "no_subaccount":
      return new ApiError("subaccount_required", "Cannot send: you have no subaccount yet, provision one first");
    case "pending":
      return new ApiError("subaccount_pending", "Cannot send yet: your subaccount is being set up");
    case "suspended":
      return new ApiError("subaccount_suspended", "Cannot send: your subaccount is suspended");
    case "closed":
      return new ApiError("subaccount_closed", "Cannot send: your subaccount is closed");
  }
}

function limitReached(period: string, limit: number, retryAfterSeconds: string): ApiError {
  return new ApiError(
    "message_limit_reached",
    `Cannot send: your plan's limit of ${limit} messages ${period} is reached`,
    {
      headers: { "retry-after": retryAfterSeconds },
      details: [{ limit, period }],
    },
  );
}

/** The error for a limit of the shared numbers, which is not one of the user's own. */
function sharedLimitReached(cannot: string, period: string, limit: number): ApiError {
  const nextDay = new Date().setUTCHours(24, 0, 0, 0);
  return new ApiError(
    "message_limit_reached",
    `${cannot}: the shared numbers' limit of ${limit} messages ${period} is reached`,
    {
      headers: { "retry-after": String(Math.max(1, Math.ceil((nextDay - Date.now()) / 1000))) },
      details: [{ limit, period }],
    },
  );
}
