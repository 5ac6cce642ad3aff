import { requestCancellation } from "../_shared/billing/request-cancellation.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { readJson } from "../_shared/platform/request.ts";
import { cancellationSchema } from "./contract.ts";

/** Cancels a subscription at Stripe, or undoes a scheduled cancellation. A job does it; the response is 202. */
export async function cancelSubscriptionOf(request: Request, context: Context): Promise<Response> {
  const { subscriptionId, atPeriodEnd, undo, prorate, reason } = await readJson(request, cancellationSchema);
  const { db, env, user, requestId } = context;
  const requested = await requestCancellation({
    subscriptionId,
    userId: null,
    operatorId: user.id,
    ends: undo ? "never" : atPeriodEnd ? "period_end" : "now",
    prorate,
    reason,
    requestId,
  }, db);
  switch (requested.outcome) {
    case "unknown_subscription":
      throw new ApiError("not_found", `Cannot find a subscription "${subscriptionId}"`);
    case "already_over":
      return Response.json({ subscriptionId, isOver: true });
    case "accepted":
      wakeJobs(env, "billing");
      return Response.json({ subscriptionId, isOver: false }, { status: 202 });
    case "decided_by_operator":
      throw new Error(`request_cancellation answered an operator "${requested.outcome}"`);
  }
}
