import * as z from "zod";
import { Constants } from "../_shared/database.types.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const claimSchema = z.strictObject({
  subscriptionId: z.string().min(1).max(255).optional()
    .describe("The id at Stripe. Without it, the ten newest that were bought for the caller"),
}).meta({ id: "SubscriptionClaim", description: "The body of claim-subscription" });

export const claimedSchema = z.strictObject({
  subscriptions: z.array(z.strictObject({
    id: z.string().describe("The id at Stripe"),
    plan: z.string().nullable().describe("The key of its plan; null while its price belongs to no plan"),
    status: z.enum(Constants.public.Enums.subscription_status),
  })),
}).meta({ id: "ClaimedSubscriptions", description: "The subscriptions that the caller claimed, now or before" });

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Claims subscriptions that the caller bought through a Payment Link as their own",
    body: claimSchema,
    responses: { 200: claimedSchema },
    errors: [
      "subscription_not_found",
      "email_not_confirmed",
      "customer_email_differs",
      "stripe_unavailable",
      "stripe_misconfigured",
    ],
  }],
} as const satisfies Contract;
