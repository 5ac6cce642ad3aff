import { z } from "zod";
import { phoneNumberSchema } from "../_shared/numbers/shape.ts";
import { numberChangeSchema } from "../_shared/numbers/sync.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Takes over what changed at Twilio, and points every number's texts to the platform again",
    answers: {
      200: z.strictObject({ numbers: z.array(phoneNumberSchema), changes: z.array(numberChangeSchema) }),
    },
    errors: [
      "subaccount_required",
      "subaccount_pending",
      "subaccount_suspended",
      "subaccount_closed",
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
