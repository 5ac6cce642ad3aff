import { decide } from "./database.ts";
import type { Context } from "./endpoint.ts";
import type { Env } from "./env.ts";
import { Refusal } from "./errors.ts";

/** How often something may be done. `RATE_LIMIT_FACTOR` scales every limit; 0 switches them off. */
export interface Limit {
  /** What is counted together. */
  action: string;
  perUser: number;
  /** Wider: many users may sit behind one address. */
  perAddress: number;
  windowSeconds: number;
}

/** What a decision needs to count one use by the caller and their address itself; nulls where limits are switched off. */
export function allowanceOf(
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

/** Counts one use by the caller and their address, in one statement. @throws Refusal `rate_limited` with Retry-After */
export async function takeAllowance(limit: Limit, request: Request, { db, env, user }: Context): Promise<void> {
  const { p_address, p_user_rate, p_address_rate } = allowanceOf(limit, request, env);
  if (p_user_rate === null) return;
  const taken = await decide(db, "take_allowance", {
    p_action: limit.action,
    p_user_id: user.id,
    p_address,
    p_user_limit: p_user_rate,
    p_address_limit: p_address_rate,
    p_window_seconds: limit.windowSeconds,
  });
  if (taken.outcome !== "allowed") throw tooOften(taken.retry_after_seconds);
}

/** The refusal for who has used up a limit. */
export function tooOften(retryAfterSeconds: number): Refusal {
  const wait = Math.max(1, retryAfterSeconds);
  return new Refusal("rate_limited", `Cannot do this so often: wait ${wait} seconds`, {
    headers: { "retry-after": String(wait) },
  });
}

/** The caller's address as the platform's proxies tell it; null where they tell none. */
function addressOf(request: Request): string | null {
  const forwarded = request.headers.get("x-forwarded-for")?.split(",")[0]?.trim();
  return forwarded ? forwarded.slice(0, 64) : null;
}
