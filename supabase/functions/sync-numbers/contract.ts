import * as z from "zod";
import { phoneNumberSchema } from "../_shared/numbers/shape.ts";
import { numberChangeSchema } from "../_shared/numbers/sync.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/accounts/status.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Records what changed at Twilio, and sets the webhook of every number again",
    responses: {
      200: z.strictObject({ numbers: z.array(phoneNumberSchema), changes: z.array(numberChangeSchema) })
        .meta({ id: "NumberSync", description: "The response of sync-numbers" }),
    },
    errors: [
      ...ACCOUNT_STATUS_ERRORS,
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
