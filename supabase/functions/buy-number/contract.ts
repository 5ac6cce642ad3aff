import { z } from "zod";
import { phoneNumberSchema } from "../_shared/numbers/answers.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const purchaseSchema = z.strictObject({
  phoneNumber: z.string().regex(
    /^\+[1-9][0-9]{6,14}$/,
    "must be a phone number in international form (+ and country code)",
  ),
  friendlyName: z.string().min(1).max(64).optional(),
});

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Buys a number with the caller's own credentials",
    body: purchaseSchema,
    answers: { 201: phoneNumberSchema },
    errors: [
      "subaccount_required",
      "subaccount_pending",
      "subaccount_suspended",
      "subaccount_closed",
      "number_taken",
      "number_limit_reached",
      "number_purchase_in_progress",
      "number_not_available",
      "regulatory_information_required",
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
