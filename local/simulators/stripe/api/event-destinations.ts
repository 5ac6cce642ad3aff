import type { Hono } from "hono";
import * as z from "zod";
import { invalidRequest, StripeApiError } from "../errors.ts";
import { buildThinEvent } from "../objects/event.ts";
import {
  buildDestination,
  type DestinationRecord,
  type EventDestination,
  OWN_DESTINATION,
} from "../objects/event-destination.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf } from "./call.ts";
import { mergeMetadata } from "../objects/metadata.ts";
import { metadata, parse, text } from "./form.ts";
import { V2_PAGING, v2Page } from "./v2-lists.ts";

const INCLUDABLE = ["webhook_endpoint.signing_secret", "webhook_endpoint.url"] as const;
const include = z.array(z.enum(INCLUDABLE)).optional();
const target = z.strictObject({ url: z.url({ protocol: /^https?$/, error: "Not a valid URL" }) });
const eventTypes = z.array(z.string().regex(/^(\*|v[12](\.[a-z0-9_[\]]+)+)$/, "unknown thin event type")).min(1);
const CreateDestination = z.strictObject({
  name: text,
  description: z.string().optional(),
  enabled_events: eventTypes,
  event_payload: z.literal("thin", "only thin is simulated: use /v1/webhook_endpoints for snapshot events"),
  type: z.literal("webhook_endpoint"),
  webhook_endpoint: target,
  events_from: z.array(z.literal("@self")).optional(),
  metadata: metadata.optional(),
  include,
});
const UpdateDestination = z.strictObject({
  name: text.optional(),
  description: z.string().optional(),
  enabled_events: eventTypes.optional(),
  webhook_endpoint: target.optional(),
  metadata: metadata.optional(),
  include,
});
const Retrieve = z.strictObject({ include });
const ListDestinations = z.strictObject({ ...V2_PAGING, include });
const PATH = "/v2/core/event_destinations";

/**
 * Event destinations with thin payload: create, retrieve, update, list, delete, disable, enable, ping. The destination of
 * the simulator's own thin webhook URL cannot be changed.
 */
export function eventDestinationRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { records: { eventDestinations }, thinCourier } = simulator;

  app.post(PATH, (c) => {
    const input = parse(CreateDestination, c.get("params"));
    const record = buildDestination({
      url: input.webhook_endpoint.url,
      name: input.name,
      description: input.description ?? "",
      enabledEvents: input.enabled_events,
      metadata: input.metadata ?? {},
      now: simulator.now(),
    });
    eventDestinations.set(record.id, record);
    return c.json(shown(record, input.include, true));
  });

  app.get(PATH, (c) => {
    const filter = parse(ListDestinations, c.get("params"));
    const own = thinCourier.own;
    const all = [...(own ? [own] : []), ...eventDestinations.values()].reverse();
    const page = v2Page(all, filter, c.req.url);
    return c.json({ ...page, data: page.data.map((record) => shown(record, filter.include)) });
  });

  app.get(`${PATH}/:id`, (c) => {
    const input = parse(Retrieve, c.get("params"));
    return c.json(shown(found(simulator, c.req.param("id")), input.include));
  });

  app.post(`${PATH}/:id`, (c) => {
    const input = parse(UpdateDestination, c.get("params"));
    const record = created(simulator, c.req.param("id"));
    const { destination } = record;
    if (input.webhook_endpoint !== undefined) record.url = input.webhook_endpoint.url;
    destination.name = input.name ?? destination.name;
    destination.description = input.description ?? destination.description;
    destination.enabled_events = input.enabled_events ?? destination.enabled_events;
    destination.metadata = mergeMetadata(destination.metadata, input.metadata);
    destination.updated = new Date(simulator.now()).toISOString();
    return c.json(shown(record, input.include));
  });

  app.delete(`${PATH}/:id`, (c) => {
    const { id } = created(simulator, c.req.param("id"));
    eventDestinations.delete(id);
    return c.json({ id, object: "v2.core.event_destination", deleted: true });
  });

  app.post(`${PATH}/:id/disable`, (c) => c.json(setStatus(simulator, c.req.param("id"), "disabled")));
  app.post(`${PATH}/:id/enable`, (c) => c.json(setStatus(simulator, c.req.param("id"), "enabled")));

  app.post(`${PATH}/:id/ping`, (c) => {
    const { id } = found(simulator, c.req.param("id"));
    const event = buildThinEvent({
      type: "v2.core.event_destination.ping",
      relatedObject: { id, type: "v2.core.event_destination", url: `${PATH}/${id}` },
      createdMs: simulator.now(),
    });
    booksOf(simulator, c).emitThin(event, null, id);
    return c.json(event);
  });
}

function setStatus(simulator: Simulator, id: string, status: EventDestination["status"]): EventDestination {
  const { destination } = created(simulator, id);
  destination.status = status;
  destination.status_details = status === "disabled" ? { disabled: { reason: "user" } } : null;
  destination.updated = new Date(simulator.now()).toISOString();
  return destination;
}

/** The object as a caller sees it: the URL on request, and the secret on request at the creation only. */
function shown({ destination, url, secret }: DestinationRecord, include: string[] = [], isNew = false): object {
  if (!isNew && include.includes("webhook_endpoint.signing_secret")) {
    throw invalidRequest("webhook_endpoint.signing_secret can only be included on creation.", "include");
  }
  const target = {
    ...(include.includes("webhook_endpoint.url") && { url }),
    ...(isNew && include.includes("webhook_endpoint.signing_secret") && { signing_secret: secret }),
  };
  return { ...destination, webhook_endpoint: include.length === 0 ? null : target };
}

function found({ records, thinCourier }: Simulator, id: string): DestinationRecord {
  const record = id === OWN_DESTINATION ? thinCourier.own : records.eventDestinations.get(id);
  if (!record) throw v2NotFound("event destination", id);
  return record;
}

/** A destination that was created through the API. */
function created(simulator: Simulator, id: string): DestinationRecord {
  const record = found(simulator, id);
  if (record.id !== OWN_DESTINATION) return record;
  throw invalidRequest("This destination is the simulator's own: set its URL with the option thinWebhookUrl.");
}

/** Returns the 404 of the v2 API. */
export function v2NotFound(kind: string, id: string): StripeApiError {
  return new StripeApiError(404, {
    type: "invalid_request_error",
    code: "not_found",
    message: `No such ${kind}: '${id}'`,
  });
}
