import { claimSubscriptions } from "../_shared/billing/claim.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { connectStripe } from "../_shared/stripe/connect.ts";
import { claimSchema } from "./contract.ts";

const LIMIT = { action: "claim", perUser: 10, perAddress: 60, windowSeconds: 60 };

/** Turns gifts to the caller into their own subscriptions, if Stripe shows that the caller is their customer. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { subscriptionId } = await readJson(request, claimSchema);
  await enforceRateLimit(LIMIT, request, context);
  const { db, env, user, requestId } = context;
  const claim = { userId: user.id, subscriptionId: subscriptionId ?? null, requestId };
  return Response.json(await claimSubscriptions(claim, { db, stripe: () => connectStripe(env) }));
}
