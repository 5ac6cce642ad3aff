import type { Hono } from "hono";
import * as z from "zod";
import { invalidRequest, noSuch } from "../errors.ts";
import type { StripeEvent } from "../objects/shapes.ts";
import type { EventRecord } from "../records.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, reply } from "./call.ts";
import { flag, parameters, parse, text, timeRange } from "./form.ts";
import { inRange, listPage, PAGING } from "./lists.ts";

/** Stripe lists events of the last 30 days. */
const LISTED_SECONDS = 30 * 86_400;

const ListEvents = parameters({
  ...PAGING,
  type: text.optional(),
  types: z.array(text).max(20).optional(),
  created: timeRange.optional(),
  delivery_success: flag.optional(),
});

/** Events: list (with `delivery_success`, to find undelivered events) and retrieve. */
export function eventRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { events } = simulator.records;

  app.get("/v1/events", (c) => {
    const filter = parse(ListEvents, c.get("params"));
    if (filter.type !== undefined && filter.types !== undefined) {
      throw invalidRequest("You may only specify one of these parameters: type, types.", "type");
    }
    const oldest = simulator.clock.seconds() - LISTED_SECONDS;
    const matches = ({ event, delivery }: EventRecord) =>
      event.created >= oldest &&
      (filter.type === undefined || matchesType(event.type, filter.type)) &&
      (filter.types === undefined || filter.types.includes(event.type)) &&
      (filter.delivery_success === undefined || (delivery === "delivered") === filter.delivery_success) &&
      inRange(event.created, filter.created);
    const page = listPage(events.values(), matches, filter, "/v1/events");
    return reply(simulator, c, { ...page, data: page.data.map(shownEvent) });
  });

  app.get("/v1/events/:id", (c) => {
    parse(parameters({}), c.get("params"));
    const record = events.get(c.req.param("id"));
    if (!record) throw noSuch("event", c.req.param("id"));
    return reply(simulator, c, shownEvent(record));
  });
}

/** `wanted` can end in a wildcard: `invoice.*`. */
function matchesType(type: string, wanted: string): boolean {
  return wanted.endsWith("*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}

/** Returns the event with the current number of pending webhooks. */
export function shownEvent(record: EventRecord): StripeEvent {
  return { ...record.event, pending_webhooks: record.delivery === "delivered" ? 0 : 1 };
}
