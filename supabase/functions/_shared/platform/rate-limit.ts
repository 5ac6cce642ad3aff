import { decide } from "./database.ts";
import type { Context } from "./endpoint.ts";
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

/** Counts one use by the caller and their address, in one statement. @throws Refusal `rate_limited` with Retry-After */
export async function takeAllowance(limit: Limit, request: Request, { db, env, user }: Context): Promise<void> {
  const factor = env.RATE_LIMIT_FACTOR;
  if (factor === 0) return;
  const taken = await decide(db, "take_allowance", {
    p_action: limit.action,
    p_user_id: user.id,
    p_address: addressOf(request),
    p_user_limit: Math.ceil(limit.perUser * factor),
    p_address_limit: Math.ceil(limit.perAddress * factor),
    p_window_seconds: limit.windowSeconds,
  });
  if (taken.outcome === "allowed") return;
  const wait = Math.max(1, taken.retry_after_seconds);
  throw new Refusal("rate_limited", `Cannot do this so often: wait ${wait} seconds`, {
    headers: { "retry-after": String(wait) },
  });
}

/** The caller's address as the platform's proxies tell it; null where they tell none. */
function addressOf(request: Request): string | null {
  const forwarded = request.headers.get("x-forwarded-for")?.split(",")[0]?.trim();
  return forwarded ? forwarded.slice(0, 64) : null;
}
