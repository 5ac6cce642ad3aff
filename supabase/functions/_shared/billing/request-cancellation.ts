import { type Db, decision, type Enum } from "../platform/database.ts";

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
  requestId: string;
}

/** Stores the request of a tenant or an operator. A job of the lane `billing` carries it out at Stripe. */
export function requestCancellation(wish: CancellationWish, db: Db) {
  return decideCancellation(db, {
    p_subscription_id: wish.subscriptionId,
    p_user_id: wish.userId,
    p_operator_id: wish.operatorId,
    p_ends: wish.ends,
    p_prorate: wish.prorate ?? false,
    p_request_id: wish.requestId,
    p_reason: wish.reason ?? null,
  });
}
