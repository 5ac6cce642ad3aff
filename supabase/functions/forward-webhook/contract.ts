import * as z from "zod";
import { forwardWebhookRequest, forwardWebhookSchema } from "../_shared/forwarding/webhook.ts";
import type { Contract } from "../_shared/platform/contract.ts";

const response = z.strictObject({ webhook: forwardWebhookSchema.nullable() })
  .meta({ id: "ForwardWebhookResponse", description: "The response of forward-webhook" });
const request = forwardWebhookRequest(false)
  .meta({ id: "ForwardWebhookRequest", description: "The body of forward-webhook" });

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Returns the webhook to which messages you receive are forwarded",
    responses: { 200: response },
    errors: [],
  }, {
    method: "POST",
    path: "",
    summary: "Forwards messages you receive to a URL, signed as Standard Webhooks defines; null ends it",
    body: request,
    responses: { 200: response, 201: response },
    errors: [],
  }],
} as const satisfies Contract;
