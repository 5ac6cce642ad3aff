import type { Json } from "../_shared/database.types.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import type { Env } from "../_shared/platform/env.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { signatureOf } from "../_shared/platform/flood.ts";
import { check, parseJson, readText } from "../_shared/platform/request.ts";
import { storableJson } from "../_shared/platform/text.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import { isSignedByStripe } from "../_shared/stripe/signature.ts";
import { eventSchema } from "./contract.ts";

/** Well above the size of Stripe's events. */
const MAX_BYTES = 1024 * 1024;
const THIN_PATH = "/stripe-webhook/thin";
const SIGNATURE = { name: "stripe-signature", form: /\bv1=[0-9a-f]{64}\b/ };

/**
 * Verifies the raw body, then records and enqueues the event in one round trip. A job does the rest. Thin events have a path,
 * and their destination a secret, of their own.
 */
export async function handle(request: Request, { db, env, log }: Context): Promise<Response> {
  const header = signatureOf(request, SIGNATURE, env, notGenuine);
  const secret = secretFor(new URL(request.url).pathname, env);
  const rawBody = await readText(request, MAX_BYTES);
  if (!await isSignedByStripe(rawBody, header, secret, new Date())) throw notGenuine();
  // The event is genuine, so it must be kept with any text it contains.
  const payload = storableJson(parseJson(rawBody));
  const event = check(payload, eventSchema);
  const outcome = await decide(db, "record_stripe_event", {
    p_event_id: event.id,
    p_type: event.type,
    p_occurred_at: event.created.toISOString(),
    p_payload: payload as Json,
  });
  log.info("stripe.event", { eventId: event.id, type: event.type, outcome });
  if (outcome === "recorded") wakeJobs(env, isThin(payload) ? "billing" : "control");
  return Response.json({ received: true });
}

/** @throws ApiError `stripe_misconfigured` for a thin event without a secret. Stripe repeats it for three days. */
function secretFor(pathname: string, env: Env): string {
  if (pathname !== THIN_PATH) return env.STRIPE_WEBHOOK_SECRET;
  if (env.STRIPE_THIN_WEBHOOK_SECRET !== undefined) return env.STRIPE_THIN_WEBHOOK_SECRET;
  throw new ApiError("stripe_misconfigured", "Cannot verify thin events: STRIPE_THIN_WEBHOOK_SECRET is not set");
}

/** As `record_stripe_event` decides which job an event has. */
function isThin(payload: unknown): boolean {
  return (payload as { object?: unknown }).object === "v2.core.event";
}

function notGenuine(): ApiError {
  return new ApiError("invalid_signature", "Cannot accept the event: its signature is not valid");
}
