import { addressOf } from "./client-address.ts";
import { decision } from "./database.ts";
import type { Context } from "./endpoint.ts";
import type { Env } from "./env.ts";
import { rateLimited } from "./errors.ts";

/** A rate limit. `RATE_LIMIT_FACTOR` scales every limit; 0 disables them. */
export interface Limit {
  /** Requests with the same action share a limit. */
  action: string;
  perUser: number;
  /** Higher than `perUser`, because many users can share one address. Without a known address only `perUser` counts. */
  perAddress: number;
  windowSeconds: number;
}

const countRequest = decision("count_request", { allowed: [], exceeded: ["retry_after_seconds"] });

/** The arguments of a decision that counts the request itself. Nulls when rate limits are disabled. */
export function rateLimitArgs(
  limit: Limit,
  request: Request,
  env: Pick<Env, "RATE_LIMIT_FACTOR" | "CLIENT_ADDRESS_HEADER">,
) {
  const { RATE_LIMIT_FACTOR: factor } = env;
  if (factor === 0) return { p_address: null, p_user_rate: null, p_address_rate: null };
  return {
    p_address: addressOf(request, env),
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
