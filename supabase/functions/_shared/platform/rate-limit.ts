import { decision } from "./database.ts";
import type { Context } from "./endpoint.ts";
import type { Env } from "./env.ts";
import { ApiError } from "./errors.ts";

/** A rate limit. `RATE_LIMIT_FACTOR` scales every limit; 0 disables them. */
export interface Limit {
  /** Requests with the same action share a limit. */
  action: string;
  perUser: number;
  /** Higher than `perUser`, because many users can share one IP address. */
  perAddress: number;
  windowSeconds: number;
}

const countRequest = decision("count_request", { allowed: [], exceeded: ["retry_after_seconds"] });

/** The arguments of a decision that counts the request itself. Nulls when rate limits are disabled. */
export function rateLimitArgs(
  limit: Limit,
  request: Request,
  { RATE_LIMIT_FACTOR: factor }: Pick<Env, "RATE_LIMIT_FACTOR">,
) {
  if (factor === 0) return { p_address: null, p_user_rate: null, p_address_rate: null };
  return {
    p_address: addressOf(request),
    p_user_rate: Math.ceil(limit.perUser * factor),
    p_address_rate: Math.ceil(limit.perAddress * factor),
  };
}

/** Counts the request for the caller and their IP address. @throws ApiError `rate_limited` with Retry-After */
export async function enforceRateLimit(limit: Limit, request: Request, { db, env, user }: Context): Promise<void> {
  const { p_address, p_user_rate, p_address_rate } = rateLimitArgs(limit, request, env);
  if (p_user_rate === null) return;
  const counted = await countRequest(db, {
    p_action: limit.action,
    p_user_id: user.id,
    p_address,
    p_user_limit: p_user_rate,
    p_address_limit: p_address_rate,
    p_window_seconds: limit.windowSeconds,
  });
  if (counted.outcome === "exceeded") throw rateLimited(counted.retry_after_seconds);
}

/** The error for a caller over a rate limit, with Retry-After. */
export function rateLimited(retryAfterSeconds: number): ApiError {
  const wait = Math.max(1, retryAfterSeconds);
  return new ApiError("rate_limited", `Cannot do this so often: wait ${wait} seconds`, {
    headers: { "retry-after": String(wait) },
  });
}

/** The caller's IP address as the platform's proxies report it; null without a report. */
export function addressOf(request: Request): string | null {
  const forwarded = request.headers.get("x-forwarded-for")?.split(",")[0]?.trim();
  return forwarded ? forwarded.slice(0, 64) : null;
}
