import { z } from "zod";
import { phoneNumberSchema } from "../_shared/numbers/shape.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/subaccounts/require-active.ts";

export const releaseSchema = z.strictObject({
  numberId: z.guid(),
  /** Releasing is final, and somebody else may buy the number: it is typed back. */
  confirmPhoneNumber: z.string().max(20).optional(),
});

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Gives one of your numbers back to Twilio, for good",
    body: releaseSchema,
    answers: { 200: z.strictObject({ released: phoneNumberSchema, primary: phoneNumberSchema.nullable() }) },
    errors: [
      "number_purchase_in_progress",
      "number_release_unknown",
      ...ACCOUNT_STATUS_ERRORS,
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
