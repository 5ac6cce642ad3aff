import { API_VERSION } from "./event.ts";
import { newId, randomText } from "./ids.ts";
import type { Metadata } from "./shapes.ts";

/** A webhook endpoint. Stripe returns its secret only when it is created. */
export interface WebhookEndpoint {
  id: string;
  object: "webhook_endpoint";
  /** Null: the version of the account. */
  api_version: string | null;
  application: null;
  created: number;
  description: string | null;
  enabled_events: string[];
  livemode: false;
  metadata: Metadata;
  status: "enabled" | "disabled";
  url: string;
}

/** An endpoint with the secret that signs its events. */
export interface EndpointRecord {
  id: string;
  secret: string;
  endpoint: WebhookEndpoint;
}

/** The endpoint of the simulator's own webhook URL, which the dashboard would show. */
export const OWN_ENDPOINT = "we_1SimulatedWebhookEndpoint";

export function buildEndpoint(
  input: Partial<WebhookEndpoint> & Pick<WebhookEndpoint, "url" | "enabled_events" | "created">,
): EndpointRecord {
  const id = newId("we");
  const endpoint: WebhookEndpoint = {
    id,
    object: "webhook_endpoint",
    api_version: null,
    application: null,
    description: null,
    livemode: false,
    metadata: {},
    status: "enabled",
    ...input,
  };
  return { id, secret: `whsec_${randomText(32)}`, endpoint };
}

/** The endpoint of the simulator's own webhook URL. It gets every event, in the version of the SDK. */
export function ownEndpoint(url: string): WebhookEndpoint {
  return {
    id: OWN_ENDPOINT,
    object: "webhook_endpoint",
    api_version: API_VERSION,
    application: null,
    created: 0,
    description: null,
    enabled_events: ["*"],
    livemode: false,
    metadata: {},
    status: "enabled",
    url,
  };
}

/** Whether an endpoint gets events of this type. */
export function wants({ status, enabled_events }: WebhookEndpoint, type: string): boolean {
  return status === "enabled" && enabled_events.some((enabled) => enabled === "*" || enabled === type);
}
