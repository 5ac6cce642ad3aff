import * as z from "zod";
import { bulkSchema } from "../_shared/campaigns/create.ts";
import { previewSchema } from "../_shared/campaigns/preview.ts";
import { campaignSchema } from "../_shared/campaigns/shape.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { spendingSchema } from "../_shared/spending/spending.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/accounts/status.ts";

const bulkResponseSchema = z.strictObject({
  campaign: campaignSchema.nullable().describe("null after a dry run"),
  preview: previewSchema.optional().describe("The result of a dry run"),
  accepted: z.number().int(),
  rejected: z.array(z.strictObject({ index: z.number().int(), to: z.string(), code: z.string(), message: z.string() }))
    .describe("Rows that get no message, by their position in the request"),
  notice: z.string().optional().describe("Which columns of the rows were ignored"),
  spending: spendingSchema.optional().describe("When 80 % of the spend limit are used already"),
}).meta({ id: "BulkResponse", description: "The response of send-bulk" });

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
      "number_over_limit",
      "number_required",
      ...ACCOUNT_STATUS_ERRORS,
    ],
  }],
} as const satisfies Contract;
