import type { SealedCredentials } from "../accounts/twilio-accounts.ts";
import { accountStatusError } from "../accounts/status.ts";
import { type Db, decision } from "../platform/database.ts";
import { ApiError, type ErrorCode, rateLimited } from "../platform/errors.ts";
import type { rateLimitArgs } from "../platform/rate-limit.ts";
import { isoOf } from "../platform/time.ts";
import { type Spending, spendingNotice, spendLimitReached } from "../spending/spending.ts";
import { stillPurchasing, stillReleasing } from "./errors.ts";

const reserve = decision("reserve_number", {
  reserved: ["number_id", "subaccount_sid", "sealed_token", "spending?"],
  rate_limited: ["retry_after_seconds"],
  in_progress: [],
  already_owned: [],
  releasing: [],
  taken: [],
  limit_reached: ["purchase_limit"],
  price_unavailable: [],
  price_limit_reached: ["purchase_limit", "price"],
  daily_limit_reached: ["purchase_limit", "resets_at?"],
  monthly_limit_reached: ["purchase_limit", "resets_at"],
  spend_limit_reached: ["purchase_limit", "price", "resets_at", "spending"],
  none: [],
  pending: [],
  suspended: [],
  closed: [],
});

/** A number that is reserved for a tenant, and the credentials to buy it with. */
export interface NumberReservation {
  numberId: string;
  credentials: SealedCredentials;
  /** Present when the purchase reaches a threshold of the spend limit. */
  spending?: Spending;
}

export interface NumberRequest {
  userId: string;
  phoneNumber: string;
  friendlyName?: string | undefined;
  /** What Twilio charges, in the currency of the master account; null if it is not known. */
  monthlyPrice: number | null;
  /** The rate limit that the request counts towards; see `rateLimitArgs`. */
  rateLimit: ReturnType<typeof rateLimitArgs>;
}

/**
 * Decides in one round trip whether the tenant may buy a number, and reserves it.
 * @throws ApiError that names the rule that forbids it
 */
export async function reserveNumber(
  db: Db,
  { userId, phoneNumber, friendlyName, monthlyPrice, rateLimit }: NumberRequest,
): Promise<NumberReservation> {
  const decided = await reserve(db, {
    p_user_id: userId,
    p_phone_number: phoneNumber,
    p_friendly_name: friendlyName ?? null,
    p_monthly_price: monthlyPrice,
    ...rateLimit,
  });
  const cannot = `Cannot buy "${phoneNumber}"`;
  switch (decided.outcome) {
    case "reserved": {
      const { number_id: numberId, subaccount_sid: accountSid, sealed_token: sealedToken } = decided;
      const credentials = { userId, accountSid, sealedToken };
      return { numberId, credentials, ...spendingNotice(decided.spending) };
    }
    case "rate_limited":
      throw rateLimited(decided.retry_after_seconds);
    case "already_owned":
      throw new ApiError("number_taken", `${cannot}: it is yours already`);
    case "taken":
      throw new ApiError("number_taken", `${cannot}: it is no longer available`);
    case "in_progress":
      throw stillPurchasing(phoneNumber);
    case "releasing":
      throw stillReleasing(phoneNumber);
    case "limit_reached": {
      const limit = Number(decided.purchase_limit);
      throw new ApiError("number_limit_reached", `${cannot}: your plan's limit of ${limit} numbers is reached`, {
        details: [{ limit }],
      });
    }
    case "price_unavailable":
      throw new ApiError("price_unavailable", `${cannot} yet: its monthly price is not known just now`, {
        headers: { "retry-after": "60" },
      });
    case "price_limit_reached": {
      const limit = Number(decided.purchase_limit);
      throw new ApiError(
        "number_price_limit_reached",
        `${cannot}: it costs ${Number(decided.price)} a month, and your plan allows at most ${limit}`,
        { details: [{ limit, price: Number(decided.price) }] },
      );
    }
    case "daily_limit_reached":
      throw resettingLimit("purchase_limit_reached", decided, (limit) => `${cannot}: ${purchases(limit, "in a day")}`);
    case "monthly_limit_reached":
      throw resettingLimit(
        "purchase_limit_reached",
        decided,
        (limit) => `${cannot}: ${purchases(limit, "in a calendar month")}`,
      );
    case "spend_limit_reached":
      throw spendLimitReached(`${cannot} for ${Number(decided.price)} a month`, decided.spending);
    case "none":
    case "pending":
    case "suspended":
    case "closed":
      throw accountStatusError(decided.outcome);
  }
}

function purchases(limit: number, period: string): string {
  return `your plan's limit of ${limit} purchases ${period} is reached, and released numbers count`;
}

/** The error for a limit that resets with time. Without a time it never resets: the plan allows none. */
function resettingLimit(
  code: ErrorCode,
  { purchase_limit, resets_at }: { purchase_limit: number; resets_at: string | null },
  describe: (limit: number) => string,
): ApiError {
  const limit = Number(purchase_limit);
  const resetsAt = isoOf(resets_at);
  const message = describe(limit) + (resetsAt === null ? "" : `; it resets at ${resetsAt}`);
  const seconds = resetsAt === null ? 86_400 : Math.ceil((Date.parse(resetsAt) - Date.now()) / 1000);
  return new ApiError(code, message, {
    headers: { "retry-after": String(Math.max(1, seconds)) },
    details: [{ limit, resetsAt }],
  });
}
