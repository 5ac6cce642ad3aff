import { numberOfferSchema, searchSchema } from "../_shared/numbers/search.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/accounts/status.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Lists numbers on offer, with their monthly price if it is known",
    query: searchSchema,
    responses: { 200: numberOfferSchema },
    errors: [
      "number_not_available",
      ...ACCOUNT_STATUS_ERRORS,
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
