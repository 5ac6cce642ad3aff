import { z } from "zod";
import { capabilitiesSchema } from "../_shared/numbers/answers.ts";
import { searchSchema } from "../_shared/numbers/search.ts";
import type { Contract } from "../_shared/platform/contract.ts";

export { searchSchema };

const availableNumber = z.strictObject({
  phoneNumber: z.string(),
  friendlyName: z.string(),
  locality: z.string().nullable(),
  region: z.string().nullable(),
  isoCountry: z.string(),
  type: z.enum(["local", "mobile", "tollFree"]),
  capabilities: capabilitiesSchema,
});

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Searches the numbers on offer at Twilio",
    query: searchSchema,
    answers: { 200: z.strictObject({ numbers: z.array(availableNumber) }) },
    errors: [
      "subaccount_required",
      "subaccount_pending",
      "subaccount_suspended",
      "subaccount_closed",
      "number_not_available",
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
