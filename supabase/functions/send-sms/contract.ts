import * as z from "zod";
import { messageSchema } from "../_shared/messages/compose.ts";
import { numberSourceSchema } from "../_shared/numbers/shape.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { spendingSchema } from "../_shared/spending/spending.ts";
import { ACCOUNT_STATUS_ERRORS } from "../_shared/accounts/status.ts";

export { messageSchema };

const sentMessage = z.strictObject({
  id: z.guid(),
  sid: z.string().nullable().describe("Twilio's, SM… or MM…; null while the outcome is unknown"),
  status: z.string().describe("As Twilio reports it, or unknown"),
  from: z.string(),
  to: z.string(),
  segments: z.int().min(1),
  encoding: z.enum(["GSM-7", "UCS-2"]),
  source: numberSourceSchema,
  notice: z.string().optional().describe("Why the message went through the master account"),
  spending: spendingSchema.optional().describe("From 80 % of the spend limit on"),
}).meta({ id: "SentMessage", description: "The response of send-sms" });

export const contract = {
  caller: "user",
  operations: [{
    method: "POST",
    path: "",
    summary: "Sends a message with the credentials of the account that owns the sender",
    body: messageSchema,
    headers: {
      "Idempotency-Key":
        "1 to 255 visible ASCII characters: a request with the same key is never sent twice; repeating it answers 200",
    },
    responses: { 200: sentMessage, 201: sentMessage },
    errors: [
      ...ACCOUNT_STATUS_ERRORS,
      "number_not_owned",
      "number_over_limit",
      "number_required",
      "user_not_confirmed",
      "invalid_recipient",
      "invalid_sender",
      "recipient_opted_out",
      "destination_not_enabled",
      "body_too_long",
      "idempotency_key_reused",
      "message_limit_reached",
      "spend_limit_reached",
      "message_outcome_unknown",
      "twilio_refused",
    ],
  }],
} as const satisfies Contract;
