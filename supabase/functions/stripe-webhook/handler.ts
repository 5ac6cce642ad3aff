import type { Json } from "../_shared/database.types.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { signatureOf } from "../_shared/platform/flood.ts";
import { check, parseJson, readText } from "../_shared/platform/request.ts";
import { storableJson } from "../_shared/platform/text.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import { isSignedByStripe } from "../_shared/stripe/signature.ts";
import { eventSchema } from "./contract.ts";

/** Well above the size of Stripe's events. */
const MAX_BYTES = 1024 * 1024;
const SIGNATURE = { name: "stripe-signature", form: /\bv1=[0-9a-f]{64}\b/ };

/** Verifies the raw body, then records and enqueues the event in one round trip. A job does the rest. */
export async function handle(request: Request, { db, env, log }: Context): Promise<Response> {
  const header = signatureOf(request, SIGNATURE, env, notGenuine);
  const rawBody = await readText(request, MAX_BYTES);
  if (!await isSignedByStripe(rawBody, header, env.STRIPE_WEBHOOK_SECRET, new Date())) throw notGenuine();
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
  if (outcome === "recorded") wakeJobs(env, "control");
  return Response.json({ received: true });
}

function notGenuine(): ApiError {
  return new ApiError("invalid_signature", "Cannot accept the event: its signature is not valid");
}
