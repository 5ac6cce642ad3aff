import { z } from "zod";
import { inboundSchema, statusSchema } from "../_shared/messages/callbacks.ts";
import type { Contract } from "../_shared/platform/contract.ts";

/** A genuine webhook that cannot be read is acknowledged and ignored: Twilio would only send it again. */
export const contract = {
  caller: "twilio",
  operations: [
    {
      method: "POST",
      path: "/status/{userId}",
      summary: "Takes what Twilio reports of a message that was sent",
      query: z.object({ message: z.guid().optional() }),
      body: statusSchema,
      responses: { 204: null },
      errors: [],
    },
    {
      method: "POST",
      path: "/inbound/{userId}",
      summary: "Takes a message that was received, and answers with TwiML: the tenant's reply to a keyword, or nothing",
      body: inboundSchema,
      responses: { 200: null },
      errors: [],
    },
  ],
} as const satisfies Contract;
