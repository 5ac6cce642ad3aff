import * as z from "zod";
import { Constants } from "../_shared/database.types.ts";
import type { Contract } from "../_shared/platform/contract.ts";

const ends = z.enum(Constants.public.Enums.cancellation_time);

export const endSchema = z.strictObject({
  subscriptionId: z.string().min(1).max(255).optional()
    .describe("The id at Stripe. Without it, the subscription that gives the caller's plan"),
  when: ends.default("period_end").describe(
    "period_end: the paid period runs out first. now: at once; what was paid for the rest of the period is not given " +
      "back. never: a scheduled cancellation is undone",
  ),
}).meta({ id: "SubscriptionEnd", description: "The body of cancel-subscription" });

export const endAcceptedSchema = z.strictObject({
  subscriptionId: z.string().describe("The id at Stripe"),
  when: ends,
}).meta({
  id: "SubscriptionEndAccepted",
  description:
    "The response of cancel-subscription. A job does it at Stripe; cancel_at and status of the subscription " +
    "then change",
});

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary:
      "Cancels the caller's own subscription at the end of its period or now, or undoes a scheduled cancellation",
    body: endSchema,
    responses: { 202: endAcceptedSchema },
    errors: ["subscription_not_found", "subscription_over", "canceled_by_operator"],
  }],
} as const satisfies Contract;
