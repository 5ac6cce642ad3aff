import { wakeJobs } from "../jobs/wake.ts";
import { decision, type Enum } from "../platform/database.ts";
import type { Context } from "../platform/endpoint.ts";

const decideCancellation = decision("request_cancellation", {
  accepted: ["subscription_id"],
  already_over: ["subscription_id"],
  decided_by_operator: ["subscription_id"],
  unknown_subscription: [],
});

/** What a tenant or an operator wants. Exactly one of the two ids is set. */
export interface CancellationWish {
  /** Null for the tenant's own one. */
  subscriptionId: string | null;
  userId: string | null;
  operatorId: string | null;
  ends: Enum<"cancellation_time">;
  /** Whether what was paid for the rest of the period is given back. */
  prorate?: boolean;
  reason?: string;
}

/** Stores the request of a tenant or an operator, which a job carries out at Stripe. */
export async function requestCancellation(
  { subscriptionId, userId, operatorId, ends, prorate = false, reason }: CancellationWish,
  { db, env, requestId }: Pick<Context, "db" | "env" | "requestId">,
) {
  const decided = await decideCancellation(db, {
    p_subscription_id: subscriptionId,
    p_user_id: userId,
    p_operator_id: operatorId,
    p_ends: ends,
    p_prorate: prorate,
    p_request_id: requestId,
    p_reason: reason ?? null,
  });
  if (decided.outcome === "accepted") wakeJobs(env, "billing");
  return decided;
}
