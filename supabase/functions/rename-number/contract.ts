import * as z from "zod";
import { friendlyNameText, phoneNumberSchema } from "../_shared/numbers/shape.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { idSchema } from "../_shared/platform/ids.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/accounts/status.ts";

export const renamingSchema = z.strictObject({
  numberId: idSchema,
  friendlyName: friendlyNameText.describe("1 to 64 characters"),
}).meta({ id: "NumberRenaming", description: "The body of rename-number" });

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Renames one of your numbers, also at Twilio",
    body: renamingSchema,
    responses: { 200: phoneNumberSchema },
    errors: [
      "number_purchase_in_progress",
      "number_release_in_progress",
      ...ACCOUNT_STATUS_ERRORS,
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
