import * as z from "zod";
import type { Contract } from "../_shared/platform/contract.ts";
import { hasStorableYear } from "../_shared/platform/time.ts";

/** The fields of every event. In a thin event `created` is a text. */
export const eventSchema = z.looseObject({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  created: z.union([z.int().min(0).max(1e12).transform((seconds) => seconds * 1000), z.iso.datetime()])
    .transform((time) => new Date(time)).refine(hasStorableYear, "must be in the years 1 to 9999"),
});

export const contract = {
  caller: "stripe",
  operations: [{
    method: "POST",
    path: "",
    summary: "Verifies a Stripe event, records it and enqueues its work",
    body: eventSchema,
    responses: { 200: z.strictObject({ received: z.literal(true) }) },
    errors: ["invalid_signature"],
  }, {
    method: "POST",
    path: "/thin",
    summary: "Verifies a thin event of Stripe, which has no data, records it and enqueues its work",
    body: eventSchema,
    responses: { 200: z.strictObject({ received: z.literal(true) }) },
    errors: ["invalid_signature", "stripe_misconfigured"],
  }],
} as const satisfies Contract;
