import { forwardWebhookRequest, forwardWebhooksSchema } from "../_shared/forwarding/webhook.ts";
import {
  deliveriesQuery,
  deliveryDetailsSchema,
  deliveryPageSchema,
  deliverySchema,
} from "../_shared/forwarding/deliveries.ts";
import type { Contract } from "../_shared/platform/contract.ts";

const request = forwardWebhookRequest(false)
  .meta({ id: "ForwardWebhookRequest", description: "The body of forward-webhook" });

export const contract = {
  caller: "user",
  operations: [{
    method: "GET",
    path: "",
    summary:
      "Returns the webhook to which messages you receive and notices are forwarded, and the one that you have to confirm",
    responses: { 200: forwardWebhooksSchema },
    errors: [],
  }, {
    method: "POST",
    path: "",
    summary:
      "Saves a webhook (201: with a new secret, to confirm; 200: tested with its secret, and used); null removes it",
    body: request,
    responses: { 200: forwardWebhooksSchema, 201: forwardWebhooksSchema },
    errors: ["webhook_changed", "webhook_not_answering"],
  }, {
    method: "POST",
    path: "/confirm",
    summary: "Posts a signed test event to the pending webhook, and uses the webhook if the response is a 2xx",
    responses: { 200: forwardWebhooksSchema },
    errors: ["webhook_changed", "webhook_not_answering", "webhook_not_pending"],
  }, {
    method: "POST",
    path: "/test",
    summary: "Posts a signed test event to the webhook that is in use",
    responses: { 200: forwardWebhooksSchema },
    errors: ["webhook_not_answering", "webhook_not_enabled"],
  }, {
    method: "GET",
    path: "/deliveries",
    summary: "Lists the deliveries to your webhook, newest first",
    query: deliveriesQuery,
    responses: { 200: deliveryPageSchema },
    errors: [],
  }, {
    method: "GET",
    path: "/deliveries/{deliveryId}",
    summary: "Returns one delivery with its attempts and its body",
    responses: { 200: deliveryDetailsSchema },
    errors: [],
  }, {
    method: "POST",
    path: "/deliveries/{deliveryId}/replay",
    summary: "Delivers an event again, under the same event id",
    responses: { 202: deliverySchema },
    errors: ["delivery_pending", "webhook_not_enabled"],
  }],
} as const satisfies Contract;
