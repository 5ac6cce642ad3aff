import * as z from "zod";
import type { Contract } from "../_shared/platform/contract.ts";

export const planChangeRequest = z.strictObject({
  plan: z.string().min(1).max(100).describe("The key of a plan that is for sale"),
}).meta({ id: "PlanChangeRequest", description: "The body of change-plan" });

const changed = z.strictObject({
  subscriptionId: z.string().describe("sub_…"),
  plan: z.string().describe("The plan that the subscription has now"),
  changed: z.boolean().describe("False if it had this plan before"),
}).meta({ id: "PlanChange", description: "A subscription with the plan that was asked for" });

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Moves the caller's own subscription to another plan at once; Stripe prorates the plan's price",
    body: planChangeRequest,
    responses: { 200: changed },
    errors: [
      "plan_not_found",
      "plan_not_for_sale",
      "subscription_not_found",
      "subscription_not_changeable",
      "subaccount_closed",
      "stripe_unavailable",
      "stripe_misconfigured",
    ],
  }],
} as const satisfies Contract;
