import * as z from "zod";
import { returnUrl } from "../_shared/billing/return-url.ts";
import { plansForSaleSchema } from "../_shared/billing/sale-prices.ts";
import type { Contract } from "../_shared/platform/contract.ts";

/** The body of create-checkout. Its URLs must be on one of these origins. */
export function checkoutRequest(allowedOrigins: readonly string[]) {
  return z.strictObject({
    plan: z.string().min(1).max(100).describe("The key of a plan that is for sale"),
    successUrl: returnUrl(allowedOrigins).describe(
      "Where Stripe leads after the payment, on an origin of ALLOWED_ORIGINS; {CHECKOUT_SESSION_ID} in it becomes the " +
        "session's id. The first of these origins unless given",
    ),
    cancelUrl: returnUrl(allowedOrigins).describe(
      "Where Stripe leads without a payment, on an origin of ALLOWED_ORIGINS. The first of these origins unless given",
    ),
  });
}

const request = checkoutRequest([]).meta({ id: "CheckoutRequest", description: "The body of create-checkout" });
const checkout = z.strictObject({
  id: z.string().describe("cs_…"),
  url: z.string().describe("Stripe's page, where the subscription is paid"),
}).meta({ id: "Checkout", description: "A Checkout Session of Stripe that can be paid" });

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Lists the plans that can be bought, with their prices at Stripe",
    responses: { 200: plansForSaleSchema },
    errors: [],
  }, {
    method: "POST",
    path: "",
    summary: "Opens a checkout for a plan, or returns the open one; a request for another plan replaces it",
    body: request,
    responses: { 200: checkout },
    errors: [
      "permanent_user_required",
      "plan_not_found",
      "plan_not_for_sale",
      "billing_not_set_up",
      "subscription_exists",
      "checkout_replaced",
      "subaccount_closed",
      "stripe_unavailable",
      "stripe_misconfigured",
    ],
  }],
} as const satisfies Contract;
