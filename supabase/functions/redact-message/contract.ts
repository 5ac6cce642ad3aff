import * as z from "zod";
import type { Contract } from "../_shared/platform/contract.ts";
import { idSchema } from "../_shared/platform/ids.ts";

export const redactSchema = z.strictObject({ messageId: idSchema })
  .meta({ id: "MessageId", description: "The body of redact-message" });

const response = z.strictObject({
  id: z.guid(),
  redactedAt: z.string().nullable().describe("null while the deletion is in progress"),
}).meta({ id: "Redaction", description: "The response of redact-message" });

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Deletes a message's text and media at Twilio and here; 202 while Twilio has not finished with it",
    body: redactSchema,
    responses: { 200: response, 202: response },
    errors: [],
  }],
} as const satisfies Contract;
