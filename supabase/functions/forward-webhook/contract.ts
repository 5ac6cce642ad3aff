import { z } from "zod";
import { forwardWebhookRequest, forwardWebhookSchema } from "../_shared/forwarding/webhook.ts";
import type { Contract } from "../_shared/platform/contract.ts";

const answer = z.strictObject({ webhook: forwardWebhookSchema.nullable() })
  .meta({ id: "ForwardWebhookAnswer", description: "The response of forward-webhook" });
const request = forwardWebhookRequest(false)
  .meta({ id: "ForwardWebhookWish", description: "The body of forward-webhook" });

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Where messages you receive are forwarded to",
    responses: { 200: answer },
    errors: [],
  }, {
    method: "POST",
    path: "",
    summary: "Forwards messages you receive to a URL, signed in the Standard Webhooks form; null ends that",
    body: request,
    responses: { 200: answer, 201: answer },
    errors: [],
  }],
} as const satisfies Contract;
