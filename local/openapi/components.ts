import type { Contract } from "../../supabase/functions/_shared/platform/contract.ts";
import { ERROR_STATUS } from "../../supabase/functions/_shared/platform/errors.ts";

/** What the operations refer to. */
export const COMPONENTS = {
  securitySchemes: {
    userToken: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description: "The access token of a signed-in user; for operators one whose app_metadata.role is operator",
    },
    publishableKey: { type: "apiKey", in: "header", name: "apikey", description: "The project's publishable key" },
    secretKey: { type: "apiKey", in: "header", name: "apikey", description: "The project's secret key" },
    stripeSignature: {
      type: "apiKey",
      in: "header",
      name: "Stripe-Signature",
      description: "Stripe's signature over the body",
    },
    twilioSignature: {
      type: "apiKey",
      in: "header",
      name: "X-Twilio-Signature",
      description: "Twilio's signature with the token of the account that the webhook is about",
    },
  },
  headers: {
    RequestId: { description: "What to quote to support", schema: { type: "string", format: "uuid" } },
    RetryAfter: { description: "Seconds after which it makes sense to try again", schema: { type: "integer" } },
  },
  schemas: {
    ServerErrorCode: {
      type: "string",
      enum: Object.keys(ERROR_STATUS),
      description: "Why a function refused: decide on this, never on the message",
    },
    Error: {
      type: "object",
      properties: {
        code: { $ref: "#/components/schemas/ServerErrorCode" },
        message: { type: "string", description: "What could not be done and why, in English" },
        requestId: { type: "string", format: "uuid" },
        details: {
          type: "array",
          description: "Facts for a program to read: the offending field, Twilio's own code …",
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

/** What each kind of caller proves themselves with. */
export const SECURITY: Readonly<Record<Contract["caller"], readonly Record<string, readonly string[]>[]>> = {
  user: [{ userToken: [], publishableKey: [] }],
  operator: [{ userToken: [], publishableKey: [] }],
  secret: [{ secretKey: [] }],
  stripe: [{ stripeSignature: [] }],
  twilio: [{ twilioSignature: [] }],
};
