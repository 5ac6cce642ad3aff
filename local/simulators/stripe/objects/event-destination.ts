import { newId, randomText } from "./ids.ts";
import type { Metadata } from "./shapes.ts";

/** An event destination with thin payload. Stripe shows its URL on request, and its secret only when it is created. */
export interface EventDestination {
  id: string;
  object: "v2.core.event_destination";
  created: string;
  description: string;
  enabled_events: string[];
  event_payload: "thin";
  events_from: string[];
  livemode: false;
  metadata: Metadata;
  name: string;
  status: "enabled" | "disabled";
  status_details: { disabled: { reason: "user" } } | null;
  type: "webhook_endpoint";
  updated: string;
}

/** A destination with its URL and the secret that signs its events. */
export interface DestinationRecord {
  id: string;
  url: string;
  secret: string;
  destination: EventDestination;
}

/** The destination of the simulator's own thin webhook URL, which the dashboard would show. */
export const OWN_DESTINATION = "ed_1SimulatedEventDestination";
export const METER_ERROR_EVENTS = ["v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found"];

export function buildDestination(input: {
  url: string;
  name: string;
  description: string;
  enabledEvents: string[];
  metadata: Metadata;
  now: number;
}): DestinationRecord {
  const id = newId("ed");
  return {
    id,
    url: input.url,
    secret: `whsec_${randomText(32)}`,
    destination: {
      id,
      object: "v2.core.event_destination",
      created: new Date(input.now).toISOString(),
      description: input.description,
      enabled_events: input.enabledEvents,
      event_payload: "thin",
      events_from: ["@self"],
      livemode: false,
      metadata: input.metadata,
      name: input.name,
      status: "enabled",
      status_details: null,
      type: "webhook_endpoint",
      updated: new Date(input.now).toISOString(),
    },
  };
}

/** The destination of the simulator's own thin webhook URL. */
export function ownDestination(url: string, secret: string): DestinationRecord {
  const built = buildDestination({
    url,
    name: "Simulated destination",
    description: "",
    enabledEvents: METER_ERROR_EVENTS,
    metadata: {},
    now: 0,
  });
  return { ...built, id: OWN_DESTINATION, secret, destination: { ...built.destination, id: OWN_DESTINATION } };
}

/** Whether a destination gets events of this type. */
export function wantsThin({ status, enabled_events }: EventDestination, type: string): boolean {
  return status === "enabled" && enabled_events.some((enabled) => enabled === "*" || enabled === type);
}
