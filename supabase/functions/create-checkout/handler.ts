import { checkOut } from "../_shared/billing/checkout.ts";
import { plansForSale } from "../_shared/billing/sale-prices.ts";
import { defaultReturnUrl } from "../_shared/billing/return-url.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { connectStripe } from "../_shared/stripe/connect.ts";
import { checkoutRequest } from "./contract.ts";

const LIMIT = { action: "checkout", perUser: 10, perAddress: 60, windowSeconds: 60 };
const LIST_LIMIT = { action: "plans-for-sale", perUser: 60, perAddress: 300, windowSeconds: 60 };

export async function handle(request: Request, context: Context): Promise<Response> {
  return request.method === "GET" ? await list(request, context) : await open(request, context);
}

async function list(request: Request, context: Context): Promise<Response> {
  const { db, env, log } = context;
  await enforceRateLimit(LIST_LIMIT, request, context);
  return Response.json(await plansForSale({ db, connect: () => connectStripe(env), log }));
}

/** Opens a Checkout Session for the caller, who becomes the owner of the subscription that it sells. */
async function open(request: Request, context: Context): Promise<Response> {
  const { db, env, user, log } = context;
  const { plan, successUrl, cancelUrl } = await readJson(request, checkoutRequest(env.ALLOWED_ORIGINS));
  // The session of an anonymous user is their only proof: once it is lost, so is what they paid for.
  if (user.isAnonymous) {
    throw new ApiError(
      "permanent_user_required",
      "Cannot sell a subscription to an anonymous user: add an email address or a phone number first",
    );
  }
  await enforceRateLimit(LIMIT, request, context);
  const order = {
    userId: user.id,
    email: user.email,
    plan,
    successUrl: successUrl ?? defaultReturnUrl(env.ALLOWED_ORIGINS, "successUrl"),
    cancelUrl: cancelUrl ?? defaultReturnUrl(env.ALLOWED_ORIGINS, "cancelUrl"),
  };
  const automaticTax = env.STRIPE_AUTOMATIC_TAX === "on";
  return Response.json(await checkOut(order, { db, stripe: await connectStripe(env), log, automaticTax }));
}
