import type { Hono } from "hono";
import * as z from "zod";
import { invalidRequest, noSuch } from "../errors.ts";
import { buildEndpoint, OWN_ENDPOINT, ownEndpoint, type WebhookEndpoint } from "../objects/webhook-endpoint.ts";
import type { EndpointRecord } from "../objects/webhook-endpoint.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { flag, ignored, metadata, parameters, parse, text, unsettable } from "./form.ts";
import { mergeMetadata } from "../objects/metadata.ts";
import { listPage, PAGING } from "./lists.ts";
import { readVersion } from "../objects/versions.ts";

/** Stripe allows 16 endpoints of an account. */
const MOST_ENDPOINTS = 16;

const FIELDS = {
  url: z.url({ protocol: /^https?$/, error: "Not a valid URL" }),
  enabled_events: z.array(z.string().regex(/^(\*|[a-z0-9_]+(\.[a-z0-9_]+)+)$/, "unknown event type")).min(1),
  description: unsettable.optional(),
  metadata: z.union([metadata, z.literal("")]).optional(),
};
const CreateEndpoint = parameters({ ...FIELDS, api_version: text.optional(), connect: ignored });
const UpdateEndpoint = parameters({
  ...FIELDS,
  url: FIELDS.url.optional(),
  enabled_events: FIELDS.enabled_events.optional(),
  disabled: flag.optional(),
});

/**
 * Webhook endpoints: create, retrieve, update, list, delete. Each gets the events that it enables, in its version and signed
 * with its own secret, which only its creation returns. The endpoint of the simulator's own URL cannot be changed.
 */
export function webhookEndpointRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { courier, records: { webhookEndpoints } } = simulator;

  app.post("/v1/webhook_endpoints", (c) => {
    const { url, enabled_events, description, metadata: given, api_version } = parse(CreateEndpoint, c.get("params"));
    if (webhookEndpoints.size >= MOST_ENDPOINTS) {
      throw invalidRequest(`You have reached the maximum of ${MOST_ENDPOINTS} test webhook endpoints.`);
    }
    const record = buildEndpoint({
      url,
      enabled_events,
      description: description ?? null,
      metadata: mergeMetadata({}, given),
      api_version: api_version === undefined ? null : readVersion(api_version, "api_version"),
      created: booksOf(simulator, c).now(),
    });
    webhookEndpoints.set(record.id, record);
    return reply(simulator, c, { ...record.endpoint, secret: record.secret });
  });

  app.get("/v1/webhook_endpoints", (c) => {
    const filter = parse(parameters(PAGING), c.get("params"));
    const own = courier.url === null ? [] : [ownEndpoint(courier.url)];
    const all = [...own, ...[...webhookEndpoints.values()].map(({ endpoint }) => endpoint)];
    return reply(simulator, c, listPage(all, () => true, filter, "/v1/webhook_endpoints"));
  });

  app.get("/v1/webhook_endpoints/:id", (c) => {
    parse(parameters({}), c.get("params"));
    const id = c.req.param("id");
    if (id === OWN_ENDPOINT && courier.url !== null) return reply(simulator, c, ownEndpoint(courier.url));
    return reply(simulator, c, created(simulator, id).endpoint);
  });

  app.post("/v1/webhook_endpoints/:id", (c) => {
    const { expand: _, disabled, metadata: change, ...given } = parse(UpdateEndpoint, c.get("params"));
    const { endpoint } = created(simulator, c.req.param("id"));
    const changes = Object.entries(given).filter(([, value]) => value !== undefined);
    Object.assign(endpoint, Object.fromEntries(changes) as Partial<WebhookEndpoint>);
    endpoint.metadata = mergeMetadata(endpoint.metadata, change);
    if (disabled !== undefined) endpoint.status = disabled ? "disabled" : "enabled";
    return reply(simulator, c, endpoint);
  });

  app.delete("/v1/webhook_endpoints/:id", (c) => {
    parse(parameters({}), c.get("params"));
    const { id } = created(simulator, c.req.param("id"));
    webhookEndpoints.delete(id);
    return reply(simulator, c, { id, object: "webhook_endpoint", deleted: true });
  });
}

/** An endpoint that was created through the API. */
function created({ courier, records }: Simulator, id: string): EndpointRecord {
  const record = records.webhookEndpoints.get(id);
  if (record !== undefined) return record;
  if (id === OWN_ENDPOINT && courier.url !== null) {
    throw invalidRequest("This endpoint is the simulator's own: set its URL with the option webhookUrl.");
  }
  throw noSuch("webhook endpoint", id);
}
