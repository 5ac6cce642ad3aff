import type Stripe from "stripe";
import { newId } from "./ids.ts";

export type Formula = "sum" | "count" | "last";

/** A meter. `event_time_window` is refused at its creation: with it, later events overwrite earlier ones. */
export type Meter = Omit<Stripe.Billing.Meter, "default_aggregation" | "event_time_window" | "status"> & {
  default_aggregation: { formula: Formula };
  event_time_window: null;
  status: "active" | "inactive";
};

/** Builds an active meter. `created` is in Unix seconds. */
export function buildMeter(input: {
  displayName: string;
  eventName: string;
  formula: Formula;
  customerKey: string;
  valueKey: string;
  created: number;
}): Meter {
  return {
    id: newId("mtr"),
    object: "billing.meter",
    created: input.created,
    customer_mapping: { event_payload_key: input.customerKey, type: "by_id" },
    default_aggregation: { formula: input.formula },
    display_name: input.displayName,
    event_name: input.eventName,
    event_time_window: null,
    livemode: false,
    status: "active",
    status_transitions: { deactivated_at: null },
    updated: input.created,
    value_settings: { event_payload_key: input.valueKey },
  };
}

/** The payload keys of a meter that sets none. */
export const DEFAULT_KEYS = { customer: "stripe_customer_id", value: "value" };

/** Returns the meter of an event name: the active one, else the last that was deactivated. */
export function meterOf(meters: Iterable<Meter>, eventName: string): Meter | undefined {
  const named = [...meters].filter((meter) => meter.event_name === eventName);
  return named.find((meter) => meter.status === "active") ?? named.at(-1);
}
