import { bulkResponseSchema, bulkSchema } from "../_shared/campaigns/create.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/accounts/status.ts";

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Checks and enqueues a message to up to 10,000 recipients, each with their own variables",
    headers: { "Idempotency-Key": "Repeating the request with the same key creates no second campaign" },
    body: bulkSchema,
    responses: { 200: bulkResponseSchema, 202: bulkResponseSchema },
    errors: [
      "no_valid_recipients",
      "too_many_recipients",
      "idempotency_key_reused",
      "invalid_sender",
      "number_not_owned",
      "number_required",
      ...ACCOUNT_STATUS_ERRORS,
    ],
  }],
} as const satisfies Contract;
