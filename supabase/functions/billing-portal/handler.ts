import { openPortal } from "../_shared/billing/portal.ts";
import { defaultReturnUrl } from "../_shared/billing/return-url.ts";
import { decide, decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { connectStripe } from "../_shared/stripe/connect.ts";
import { answerableStripeError, isMissingAtStripe } from "../_shared/stripe/errors.ts";
import { portalRequest } from "./contract.ts";

const billingCustomer = decision("billing_customer", { found: ["customer_id"], none: [] });

const LIMIT = { action: "portal", perUser: 10, perAddress: 60, windowSeconds: 60 };

/** Opens the billing portal for the caller's own Stripe customer. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { db, env, user } = context;
  const { returnUrl } = await readJson(request, portalRequest(env.ALLOWED_ORIGINS));
  await enforceRateLimit(LIMIT, request, context);
  const leadsTo = returnUrl ?? defaultReturnUrl(env.ALLOWED_ORIGINS, "returnUrl");
  const customer = await billingCustomer(db, { p_user_id: user.id });
  switch (customer.outcome) {
    case "none":
      throw customerNotFound();
    case "found":
      return Response.json({ url: await portalOf(customer.customer_id, leadsTo, context) });
  }
}

async function portalOf(customerId: string, returnUrl: string, { db, env, user }: Context): Promise<string> {
  try {
    return await openPortal({ customerId, returnUrl }, await connectStripe(env));
  } catch (error) {
    if (!isMissingAtStripe(error, "customer")) throw answerableStripeError(error);
    await decide(db, "forget_stripe_customer", { p_user_id: user.id, p_customer_id: customerId });
    throw customerNotFound();
  }
}

function customerNotFound(): ApiError {
  return new ApiError(
    "billing_customer_not_found",
    "Cannot open the billing portal: you have bought no subscription here",
  );
}
