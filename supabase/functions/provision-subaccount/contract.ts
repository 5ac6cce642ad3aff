import * as z from "zod";
import type { Contract } from "../_shared/platform/contract.ts";
import { subaccountStatusSchema } from "../_shared/accounts/status.ts";

const ensured = z.strictObject({
  success: z.literal(true),
  subaccountSid: z.string(),
  friendlyName: z.string(),
  status: z.literal("active"),
}).meta({ id: "EnsuredSubaccount", description: "The caller has an active subaccount" });

const inProgress = z.strictObject({
  success: z.literal(true),
  subaccountSid: z.null(),
  friendlyName: z.null(),
  status: z.literal("pending"),
}).meta({
  id: "PendingSubaccount",
  description: "Provisioning is in progress, or a call to Twilio got no response: repeat the request",
});

const subaccount = z.strictObject({
  provisioned: z.boolean(),
  status: subaccountStatusSchema.nullable().describe("null: the caller never requested a subaccount"),
  subaccountSid: z.string().nullable(),
  friendlyName: z.string().nullable(),
  createdAt: z.iso.datetime().nullable(),
  heldByOperator: z.boolean()
    .describe("Whether an operator suspended or closed the account. A subscription does not change that"),
  suspendsAt: z.iso.datetime().nullable()
    .describe("When the account is suspended unless the failed payment is made. null: there is no such date"),
  numbersReleasedAt: z.iso.datetime().nullable()
    .describe("When the first number is released unless the caller subscribes again. null: there is no such date"),
}).meta({ id: "Subaccount", description: "The caller's subaccount" });

export const contract = {
  caller: "user",
  operations: [
    {
      method: "POST",
      path: "",
      summary: "Ensures the caller's subaccount: 201 created, 200 it exists, 202 provisioning is in progress",
      responses: { 200: ensured, 201: ensured, 202: inProgress },
      errors: [
        "subscription_required",
        "subaccount_suspended",
        "subaccount_closed",
        "subaccount_limit_reached",
        "twilio_refused",
      ],
    },
    {
      method: "GET",
      path: "",
      summary: "Returns the caller's subaccount and its status",
      responses: { 200: subaccount },
      errors: [],
    },
  ],
} as const satisfies Contract;
