import * as z from "zod";
import { internationalNumber } from "../_shared/numbers/phone-number.ts";
import { phoneNumberSchema } from "../_shared/numbers/shape.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { idSchema } from "../_shared/platform/ids.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/accounts/status.ts";

export const releaseSchema = z.strictObject({
  numberId: idSchema,
  confirmPhoneNumber: z.string().max(64).overwrite(internationalNumber).optional()
    .describe("The number, typed again: releasing is final, and another customer of Twilio may buy it"),
}).meta({ id: "NumberRelease", description: "The body of release-number" });

const released = z.strictObject({
  released: phoneNumberSchema,
  primary: phoneNumberSchema.nullable().describe("The primary number from now on; null without a number"),
}).meta({ id: "ReleasedNumber", description: "The response of release-number" });

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Releases one of your numbers for good",
    body: releaseSchema,
    responses: { 200: released },
    errors: [
      "number_purchase_in_progress",
      "number_release_unknown",
      ...ACCOUNT_STATUS_ERRORS,
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
