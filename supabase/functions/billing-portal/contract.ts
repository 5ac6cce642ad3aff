import * as z from "zod";
import { returnUrl } from "../_shared/billing/return-url.ts";
import type { Contract } from "../_shared/platform/contract.ts";

/** The body of billing-portal. Its URL must be on one of these origins. */
export function portalRequest(allowedOrigins: readonly string[]) {
  return z.strictObject({
    returnUrl: returnUrl(allowedOrigins).describe(
      "Where the portal leads back to, on an origin of ALLOWED_ORIGINS. The first of these origins unless given",
    ),
  });
}

const request = portalRequest([]).meta({ id: "BillingPortalRequest", description: "The body of billing-portal" });
const portal = z.strictObject({ url: z.string().describe("Stripe's page; it is valid for a short time") })
  .meta({ id: "BillingPortal", description: "A session of Stripe's billing portal" });

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary:
      "Opens Stripe's billing portal, where the caller pays, changes cards or cancels; plans are changed with change-plan",
    body: request,
    responses: { 200: portal },
    errors: ["billing_customer_not_found", "stripe_unavailable", "stripe_misconfigured"],
  }],
} as const satisfies Contract;
