import { wakeJobs } from "../_shared/jobs/wake.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { readJson } from "../_shared/platform/request.ts";
import { cancellationSchema } from "./contract.ts";

/** Cancels a subscription at Stripe. A job does it; the response is 202. */
export async function cancelSubscriptionOf(request: Request, context: Context): Promise<Response> {
  const { subscriptionId, atPeriodEnd, reason } = await readJson(request, cancellationSchema);
  const { db, env, user, requestId } = context;
  const outcome = await decide(db, "request_subscription_cancellation", {
    p_subscription_id: subscriptionId,
    p_at_period_end: atPeriodEnd,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  switch (outcome) {
    case "unknown_subscription":
      throw new ApiError("not_found", `Cannot find a subscription "${subscriptionId}"`);
    case "already_over":
      return Response.json({ subscriptionId, isOver: true });
    case "accepted":
      wakeJobs(env, "control");
      return Response.json({ subscriptionId, isOver: false }, { status: 202 });
  }
}
