import { requestCancellation } from "../_shared/billing/request-cancellation.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { endSchema } from "./contract.ts";

const LIMIT = { action: "cancel", perUser: 10, perAddress: 60, windowSeconds: 60 };

/** Changes when the caller's own subscription ends. A job does it at Stripe; the response is 202. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { subscriptionId, when } = await readJson(request, endSchema);
  const { db, env, user, requestId } = context;
  await enforceRateLimit(LIMIT, request, context);
  const requested = await requestCancellation(
    { subscriptionId: subscriptionId ?? null, userId: user.id, operatorId: null, ends: when, requestId },
    db,
  );
  switch (requested.outcome) {
    case "unknown_subscription":
      throw new ApiError("subscription_not_found", notFound(subscriptionId));
    case "already_over":
      throw new ApiError(
        "subscription_over",
        `Cannot change when the subscription "${requested.subscription_id}" ends: it is over`,
      );
    case "decided_by_operator":
      throw new ApiError(
        "canceled_by_operator",
        `Cannot change when the subscription "${requested.subscription_id}" ends: an operator canceled it`,
      );
    case "accepted":
      wakeJobs(env, "billing");
      return Response.json({ subscriptionId: requested.subscription_id, when }, { status: 202 });
  }
}

function notFound(subscriptionId: string | undefined): string {
  return subscriptionId === undefined
    ? "Cannot cancel a subscription: you have none of your own"
    : `Cannot cancel the subscription "${subscriptionId}": it is none of your own`;
}
