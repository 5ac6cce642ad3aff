import type { Hono } from "hono";
import * as z from "zod";
import type { ThinEventRecord } from "../records.ts";
import type { Simulator } from "../simulator.ts";
import type { ApiEnv } from "./call.ts";
import { v2NotFound } from "./event-destinations.ts";
import { parse, text } from "./form.ts";
import { inRange } from "./lists.ts";
import { V2_PAGING, v2Page } from "./v2-lists.ts";

/** Stripe returns events of the last 30 days. */
const KEPT_MS = 30 * 86_400_000;

/** A time of the v2 API: ISO 8601, or Unix seconds as the SDK sends a Date. In Unix milliseconds. */
const time = text.transform((value, context) => {
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value);
  if (!Number.isNaN(ms)) return ms;
  context.addIssue("expected a time");
  return z.NEVER;
});
const ListEvents = z.strictObject({
  ...V2_PAGING,
  object_id: text.optional(),
  types: z.array(text).max(20).optional(),
  created: z.strictObject({ gt: time, gte: time, lt: time, lte: time }).partial().optional(),
});

/** Thin events with their data: list and retrieve. */
export function thinEventRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { thinEvents } = simulator.records;
  const isKept = ({ event }: ThinEventRecord) => Date.parse(event.created) >= simulator.now() - KEPT_MS;

  app.get("/v2/core/events", (c) => {
    const filter = parse(ListEvents, c.get("params"));
    const matching = [...thinEvents.values()].reverse().filter((record) =>
      isKept(record) &&
      (filter.object_id === undefined || record.event.related_object?.id === filter.object_id) &&
      (filter.types === undefined || filter.types.includes(record.event.type)) &&
      inRange(Date.parse(record.event.created), filter.created)
    );
    const page = v2Page(matching, filter, c.req.url);
    return c.json({ ...page, data: page.data.map(withData) });
  });

  app.get("/v2/core/events/:id", (c) => {
    parse(z.strictObject({}), c.get("params"));
    const record = thinEvents.get(c.req.param("id"));
    if (!record || !isKept(record)) throw v2NotFound("event", c.req.param("id"));
    return c.json(withData(record));
  });
}

/** The event as the API returns it. Stripe's documentation shows an event without a related object with `{}`. */
function withData({ event, data }: ThinEventRecord): object {
  return { ...event, data, reason: null, related_object: event.related_object ?? {} };
}
