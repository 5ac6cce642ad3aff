import { z } from "zod";
import { forwardWebhookRequest, forwardWebhookSchema } from "../_shared/forwarding/webhook.ts";
import type { Contract } from "../_shared/platform/contract.ts";

const answer = z.strictObject({ webhook: forwardWebhookSchema.nullable() });

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary: "Where messages you receive are forwarded to",
    answers: { 200: answer },
    errors: [],
  }, {
    method: "POST",
    path: "",
    summary: "Forwards messages you receive to a URL, signed in the Standard Webhooks form; null ends that",
    body: forwardWebhookRequest(false),
    answers: { 200: answer, 201: answer },
    errors: [],
  }],
} as const satisfies Contract;
