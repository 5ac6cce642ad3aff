import { z } from "zod";
import type { Contract } from "../_shared/platform/contract.ts";
import { subaccountStatusSchema } from "../_shared/subaccounts/status.ts";

const ensured = z.strictObject({
  success: z.literal(true),
  subaccountSid: z.string(),
  friendlyName: z.string(),
  status: z.literal("active"),
});

/** Provisioning is in progress, or a call to Twilio is unanswered: ask again. */
const inProgress = z.strictObject({
  success: z.literal(true),
  subaccountSid: z.null(),
  friendlyName: z.null(),
  status: z.literal("pending"),
});

/** A null status: the caller never asked for a subaccount. */
const subaccount = z.strictObject({
  provisioned: z.boolean(),
  status: subaccountStatusSchema.nullable(),
  subaccountSid: z.string().nullable(),
  friendlyName: z.string().nullable(),
  createdAt: z.iso.datetime().nullable(),
});

export const contract = {
  caller: "user",
  operations: [
    {
      method: "POST",
      path: "",
      summary: "Ensures the caller's subaccount: 201 created, 200 already there, 202 somebody else is at it",
      answers: { 200: ensured, 201: ensured, 202: inProgress },
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
      summary: "Tells how the caller's subaccount stands",
      answers: { 200: subaccount },
      errors: [],
    },
  ],
} as const satisfies Contract;
