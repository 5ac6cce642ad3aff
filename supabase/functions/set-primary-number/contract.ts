import * as z from "zod";
import { phoneNumberSchema } from "../_shared/numbers/shape.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { idSchema } from "../_shared/platform/ids.ts";

export const choiceSchema = z.strictObject({ numberId: idSchema })
  .meta({ id: "NumberChoice", description: "The body of set-primary-number" });

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Makes one of your numbers the default sender",
    body: choiceSchema,
    responses: { 200: phoneNumberSchema },
    errors: ["invalid_sender", "number_purchase_in_progress", "number_release_in_progress"],
  }],
} as const satisfies Contract;
