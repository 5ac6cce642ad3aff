import { z } from "zod";
import { phoneNumberSchema } from "../_shared/numbers/answers.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Lists the caller's numbers, or shared ones with a notice",
    answers: {
      200: z.strictObject({
        source: z.enum(["subaccount", "master"]),
        notice: z.string().optional(),
        numbers: z.array(phoneNumberSchema),
      }),
    },
    errors: [],
  }],
} as const satisfies Contract;
