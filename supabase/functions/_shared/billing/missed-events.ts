import type Stripe from "stripe";
import { type Db, decide, rows } from "../platform/database.ts";
import { isoOfSeconds } from "../platform/time.ts";
import { HANDLED_TYPES } from "./event-subject.ts";

/** Stripe keeps events for thirty days. */
const DAYS_BACK = 29;
const MOST_EVENTS = 5_000;
/** Stripe lists events of at most twenty types at a time. */
const MOST_TYPES = 20;

/**
 * Fetches the events of handled types that Stripe could not deliver, and records and enqueues each as the webhook does. Stripe
 * lists them, newest first, even after they were recorded.
 * @param most how many are recorded by one run; the next run continues with older ones
 * @returns how many were new
 */
export async function fetchMissedEvents(db: Db, stripe: Stripe, now: Date, most = MOST_EVENTS): Promise<number> {
  let recorded = 0;
  for (let first = 0; first < HANDLED_TYPES.length; first += MOST_TYPES) {
    const types = HANDLED_TYPES.slice(first, first + MOST_TYPES);
    recorded += await fetchOfTypes(types, db, stripe, now, most - recorded);
  }
  return recorded;
}

async function fetchOfTypes(types: string[], db: Db, stripe: Stripe, now: Date, most: number): Promise<number> {
  const filter = {
    delivery_success: false,
    created: { gte: Math.floor(now.getTime() / 1000) - DAYS_BACK * 86_400 },
    types,
    limit: 100,
  };
  let recorded = 0;
  if (most === 0) return recorded;
  let page = await stripe.events.list(filter);
  for (;;) {
    for (const event of await unrecorded(page.data, db)) {
      if (recorded >= most) return recorded;
      if (await record(event, db) === "recorded") recorded++;
    }
    const last = page.data.at(-1);
    if (!page.has_more || last === undefined) return recorded;
    page = await stripe.events.list({ ...filter, starting_after: last.id });
  }
}

/** One call for a page: most events were recorded by an earlier run. */
async function unrecorded(events: Stripe.Event[], db: Db): Promise<Stripe.Event[]> {
  if (events.length === 0) return [];
  const missing = await rows(db, "list_unrecorded_events", { p_event_ids: events.map(({ id }) => id) });
  const ids = new Set(missing.map(({ event_id }) => event_id));
  return events.filter(({ id }) => ids.has(id));
}

async function record(event: Stripe.Event, db: Db) {
  return await decide(db, "record_stripe_event", {
    p_event_id: event.id,
    p_type: event.type,
    p_occurred_at: isoOfSeconds(event.created),
    p_payload: JSON.parse(JSON.stringify(event)),
  });
}
