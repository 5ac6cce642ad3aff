import type { Hono } from "hono";
import * as z from "zod";
import { invalidRequest, noSuch } from "../errors.ts";
import { summarize, WINDOW_SECONDS } from "../metering/summaries.ts";
import { meteringSettings } from "../metering/settings.ts";
import { buildMeter, DEFAULT_KEYS, type Meter } from "../objects/meter.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { parameters, parse, text, whole } from "./form.ts";
import { expectKnown, listPage, PAGING } from "./lists.ts";

const name = text.max(100);
const CreateMeter = parameters({
  display_name: text.max(250),
  event_name: name,
  default_aggregation: z.strictObject({ formula: z.enum(["sum", "count", "last"]) }),
  customer_mapping: z.strictObject({ type: z.literal("by_id"), event_payload_key: name }).optional(),
  value_settings: z.strictObject({ event_payload_key: name }).optional(),
  event_time_window: z.never({
    error: "is not simulated: with a window, a later event overwrites an earlier one of the same hour or day",
  }).optional(),
});
const UpdateMeter = parameters({ display_name: text.max(250).optional() });
const ListMeters = parameters({ ...PAGING, status: z.enum(["active", "inactive"]).optional() });
const ListSummaries = parameters({
  ...PAGING,
  customer: text,
  start_time: whole,
  end_time: whole,
  value_grouping_window: z.enum(["hour", "day"]).optional(),
});

/** Meters: create, retrieve, list, update, deactivate, reactivate, and the summaries of their events. */
export function meterRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { meters } = simulator.records;

  app.post("/v1/billing/meters", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(CreateMeter, c.get("params"));
    expectFree(simulator, input.event_name);
    const meter = buildMeter({
      displayName: input.display_name,
      eventName: input.event_name,
      formula: input.default_aggregation.formula,
      customerKey: input.customer_mapping?.event_payload_key ?? DEFAULT_KEYS.customer,
      valueKey: input.value_settings?.event_payload_key ?? DEFAULT_KEYS.value,
      created: books.now(),
    });
    meters.set(meter.id, meter);
    books.emit("billing.meter.created", meter);
    return reply(simulator, c, meter);
  });

  app.get("/v1/billing/meters", (c) => {
    const filter = parse(ListMeters, c.get("params"));
    const matches = ({ status }: Meter) => filter.status === undefined || status === filter.status;
    return reply(simulator, c, listPage(meters.values(), matches, filter, "/v1/billing/meters"));
  });

  app.get("/v1/billing/meters/:id", (c) => {
    parse(parameters({}), c.get("params"));
    return reply(simulator, c, found(simulator, c.req.param("id")));
  });

  app.post("/v1/billing/meters/:id", (c) => {
    const books = booksOf(simulator, c);
    const { display_name } = parse(UpdateMeter, c.get("params"));
    const meter = found(simulator, c.req.param("id"));
    books.change("billing.meter.updated", meter, (changed) => {
      if (display_name === undefined) return;
      changed.display_name = display_name;
      changed.updated = books.now();
    });
    return reply(simulator, c, meter);
  });

  app.post("/v1/billing/meters/:id/deactivate", (c) => {
    const books = booksOf(simulator, c);
    parse(parameters({}), c.get("params"));
    const meter = found(simulator, c.req.param("id"));
    if (meter.status === "inactive") throw invalidRequest("This meter is already deactivated.");
    books.change("billing.meter.deactivated", meter, (changed) => {
      changed.status = "inactive";
      changed.status_transitions = { deactivated_at: books.now() };
      changed.updated = books.now();
    });
    return reply(simulator, c, meter);
  });

  app.post("/v1/billing/meters/:id/reactivate", (c) => {
    const books = booksOf(simulator, c);
    parse(parameters({}), c.get("params"));
    const meter = found(simulator, c.req.param("id"));
    if (meter.status === "active") throw invalidRequest("This meter is already active.");
    expectFree(simulator, meter.event_name);
    books.change("billing.meter.reactivated", meter, (changed) => {
      changed.status = "active";
      changed.status_transitions = { deactivated_at: null };
      changed.updated = books.now();
    });
    return reply(simulator, c, meter);
  });

  app.get("/v1/billing/meters/:id/event_summaries", (c) => {
    const filter = parse(ListSummaries, c.get("params"));
    const { id: meterId } = found(simulator, c.req.param("id"));
    expectKnown(simulator, { customer: filter.customer });
    const { start_time: start, end_time: end, value_grouping_window: window } = filter;
    expectAligned(start, end, window);
    const { summarySeconds, emptySummaries } = meteringSettings(simulator.records);
    const at = simulator.clock.seconds() - summarySeconds;
    const summaries = summarize(simulator.records, { meterId, customer: filter.customer, start, end, window, at });
    const shown = (each: typeof summaries[number]) => emptySummaries === "zero" || !each.isEmpty;
    const page = listPage(summaries, shown, filter, `/v1/billing/meters/${meterId}/event_summaries`);
    return reply(simulator, c, { ...page, data: page.data.map(({ summary }) => summary) });
  });
}

function found({ records }: Simulator, id: string): Meter {
  const meter = records.meters.get(id);
  if (meter === undefined) throw noSuch("meter", id);
  return meter;
}

/** Refuses a second active meter for an event name. */
function expectFree({ records }: Simulator, eventName: string): void {
  for (const { id, event_name, status } of records.meters.values()) {
    if (event_name !== eventName || status !== "active") continue;
    throw invalidRequest(`An active meter already exists with event_name ${eventName}: ${id}.`, "event_name");
  }
}

function expectAligned(start: number, end: number, window: keyof typeof WINDOW_SECONDS | undefined): void {
  const step = window === undefined ? 60 : WINDOW_SECONDS[window];
  const unit = window === "day" ? "UTC day" : window ?? "minute";
  for (const [param, time] of [["start_time", start], ["end_time", end]] as const) {
    if (time % step !== 0) throw invalidRequest(`The ${param} must be aligned with ${unit} boundaries: ${time}`, param);
  }
  if (start >= end) throw invalidRequest("The start_time must be before the end_time.", "start_time");
}
