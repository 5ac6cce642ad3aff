import type Stripe from "stripe";
import { type Db, decide } from "../platform/database.ts";
import { isoOfSeconds } from "../platform/time.ts";

/** Stripe keeps events for thirty days. */
const DAYS_BACK = 29;
const MOST_EVENTS = 5_000;

/**
 * Fetches the events that Stripe could not deliver, and records and enqueues each as the webhook does.
 * @returns how many were new
 */
export async function fetchMissedEvents(db: Db, stripe: Stripe, now: Date): Promise<number> {
  const since = Math.floor(now.getTime() / 1000) - DAYS_BACK * 86_400;
  let recorded = 0;
  let seen = 0;
  for await (const event of stripe.events.list({ delivery_success: false, created: { gte: since }, limit: 100 })) {
    const outcome = await decide(db, "record_stripe_event", {
      p_event_id: event.id,
      p_type: event.type,
      p_occurred_at: isoOfSeconds(event.created),
      p_payload: JSON.parse(JSON.stringify(event)),
    });
    if (outcome === "recorded") recorded++;
    if (++seen >= MOST_EVENTS) break; // The next run continues. Recorded events cost little by then.
  }
  return recorded;
}
