import Stripe from "stripe";
import { shortenLists } from "./embedded-lists.ts";
import { newId } from "./ids.ts";
import type { StripeEvent, ThinEvent } from "./shapes.ts";

/** The API version of events: the version of the pinned SDK. */
export const API_VERSION: string = Stripe.API_VERSION;

/** The API request that caused an event. Both fields are null for an event without a request, such as a renewal. */
export interface EventOrigin {
  id: string | null;
  idempotency_key: string | null;
}

export const NO_ORIGIN: EventOrigin = { id: null, idempotency_key: null };

/** Builds a snapshot event with the current state of `object`. `created` is in Unix seconds. */
export function buildEvent(input: {
  id?: string | undefined;
  type: string;
  object: object;
  previous?: Record<string, unknown> | undefined;
  origin: EventOrigin;
  created: number;
}): StripeEvent {
  const object = structuredClone(input.object) as Record<string, unknown>;
  shortenLists(object);
  return {
    id: input.id ?? newId("evt"),
    object: "event",
    api_version: API_VERSION,
    created: input.created,
    data: input.previous ? { object, previous_attributes: input.previous } : { object },
    livemode: false,
    pending_webhooks: 1,
    request: input.origin,
    type: input.type,
  };
}

/** Builds a thin event. By default it is the event that Stripe sends for a meter event with an error. */
export function buildThinEvent(input: {
  id?: string | undefined;
  type?: string | undefined;
  relatedObject?: ThinEvent["related_object"] | undefined;
  createdMs: number;
}): ThinEvent {
  const meter = newId("mtr");
  return {
    id: input.id ?? newId("evt"),
    object: "v2.core.event",
    type: input.type ?? "v1.billing.meter.error_report_triggered",
    created: new Date(input.createdMs).toISOString(),
    livemode: false,
    context: null,
    related_object: input.relatedObject !== undefined
      ? input.relatedObject
      : { id: meter, type: "billing.meter", url: `/v1/billing/meters/${meter}` },
  };
}

/**
 * Returns the `previous_attributes` of an event: the previous value of each changed field. As on Stripe, objects are
 * compared field by field and lists as a whole. Undefined if no field changed.
 */
export function previousAttributes(before: object, after: object): Record<string, unknown> | undefined {
  const previous: Record<string, unknown> = {};
  const now = after as Record<string, unknown>;
  const then = before as Record<string, unknown>;
  for (const field of new Set([...Object.keys(then), ...Object.keys(now)])) {
    const was = then[field];
    const is = now[field];
    if (isObject(was) && isObject(is)) {
      const nested = previousAttributes(was, is);
      if (nested) previous[field] = nested;
    } else if (JSON.stringify(was) !== JSON.stringify(is)) {
      previous[field] = was ?? null;
    }
  }
  return Object.keys(previous).length > 0 ? previous : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
