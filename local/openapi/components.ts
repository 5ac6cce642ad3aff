import type { Contract } from "../../supabase/functions/_shared/platform/contract.ts";
import { ERROR_STATUS } from "../../supabase/functions/_shared/platform/errors.ts";

/** The components that operations reference. */
export const COMPONENTS = {
  securitySchemes: {
    userToken: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description: "The access token of a signed-in user. An operator's token has app_metadata.role = operator",
    },
    publishableKey: { type: "apiKey", in: "header", name: "apikey", description: "The project's publishable key" },
    mediaLink: {
      type: "apiKey",
      in: "query",
      name: "signature",
      description: "The signature of a link, which is valid until expires",
    },
    secretKey: { type: "apiKey", in: "header", name: "apikey", description: "The project's secret key" },
    stripeSignature: {
      type: "apiKey",
      in: "header",
      name: "Stripe-Signature",
      description: "Stripe's signature of the body",
    },
    twilioSignature: {
      type: "apiKey",
      in: "header",
      name: "X-Twilio-Signature",
      description: "Twilio's signature with the auth token of the account that the webhook concerns",
    },
  },
  headers: {
    RequestId: { description: "The id of the request, for support", schema: { type: "string", format: "uuid" } },
    RetryAfter: { description: "Seconds to wait before a retry", schema: { type: "integer" } },
  },
  schemas: {
    ServerErrorCode: {
      type: "string",
      enum: Object.keys(ERROR_STATUS),
      description: "The error code. Programs branch on it, never on the message",
    },
    Error: {
      type: "object",
      properties: {
        code: { $ref: "#/components/schemas/ServerErrorCode" },
        message: { type: "string", description: "An explanation in English: what could not be done and why" },
        requestId: { type: "string", format: "uuid" },
        details: {
          type: "array",
          description: "Machine-readable facts: the invalid field, Twilio's error code …",
          items: { type: "object", additionalProperties: { type: ["string", "number", "boolean", "null"] } },
        },
      },
      required: ["code", "message", "requestId"],
    },
  },
} as const;

export const ERROR_HEADERS = {
  "x-request-id": { $ref: "#/components/headers/RequestId" },
  "retry-after": { $ref: "#/components/headers/RetryAfter" },
} as const;

/** The credentials of each kind of caller. */
export const SECURITY: Readonly<Record<Contract["caller"], readonly Record<string, readonly string[]>[]>> = {
  user: [{ userToken: [], publishableKey: [] }],
  "user-or-link": [{ userToken: [], publishableKey: [] }, { mediaLink: [] }],
  operator: [{ userToken: [], publishableKey: [] }],
  secret: [{ secretKey: [] }],
  stripe: [{ stripeSignature: [] }],
  twilio: [{ twilioSignature: [] }],
};
