import * as z from "zod";
import { inboundSchema, statusSchema } from "../_shared/messages/callbacks.ts";
import { usageFiringSchema } from "../_shared/usage/trigger-callback.ts";
import type { Contract } from "../_shared/platform/contract.ts";

/** A genuine webhook that cannot be read is acknowledged and ignored: an error would only make Twilio send it again. */
export const contract = {
  caller: "twilio",
  operations: [
    {
      method: "POST",
      path: "/status/{userId}",
      summary: "Records Twilio's report on a sent message",
      query: z.object({ message: z.guid().optional() }),
      body: statusSchema,
      responses: { 204: null },
      errors: [],
    },
    {
      method: "POST",
      path: "/usage/{userId}",
      summary: "Records that the usage trigger of a tenant's account fired",
      body: usageFiringSchema,
      responses: { 204: null },
      errors: [],
    },
    {
      method: "POST",
      path: "/inbound/{userId}",
      summary: "Records a received message and answers with TwiML: the tenant's reply to a keyword, or nothing",
      body: inboundSchema,
      responses: { 200: null },
      errors: [],
    },
    {
      method: "POST",
      path: "/inbound/master",
      summary: "Records a STOP or START that a number of the master account received, and nothing else of the message",
      body: inboundSchema,
      responses: { 200: null },
      errors: [],
    },
  ],
} as const satisfies Contract;
