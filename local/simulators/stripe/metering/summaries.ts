import { createHash } from "node:crypto";
import type Stripe from "stripe";
import type { Records } from "../records.ts";
import { countedEvents, meteredQuantity, type UsageQuery } from "./quantity.ts";
import { meteringSettings } from "./settings.ts";

export type MeterEventSummary = Stripe.Billing.MeterEventSummary;
export type SummaryWindow = "hour" | "day";

/** The lengths of the windows, in seconds. */
export const WINDOW_SECONDS: Record<SummaryWindow, number> = { hour: 3600, day: 86_400 };

/** A summary, and whether it has no usage. */
export interface Summarized {
  id: string;
  summary: MeterEventSummary;
  isEmpty: boolean;
}

/** Returns the summaries of a range in order of time: one for each window in it, or one for all of it. */
export function summarize(
  records: Records,
  query: {
    meterId: string;
    customer: string;
    start: number;
    end: number;
    window: SummaryWindow | undefined;
    at: number;
  },
): Summarized[] {
  const { summaryEnd } = meteringSettings(records);
  const { meterId, customer, start, end } = query;
  const length = query.window === undefined ? end - start : WINDOW_SECONDS[query.window];
  // The events of the range, so that each window looks at few.
  const range: UsageQuery = { customer, meterId, from: start, until: end + 1, at: query.at };
  const meterEvents = new Map(countedEvents(records, range).map((record) => [record.id, record]));
  const summaries: Summarized[] = [];
  for (let from = start; from < end; from += length) {
    const until = from + length;
    const window = { ...range, from, until: summaryEnd === "inclusive" ? until + 1 : until };
    const counted = { meters: records.meters, meterEvents };
    const summary: MeterEventSummary = {
      id: summaryId([meterId, customer, from, until]),
      object: "billing.meter_event_summary",
      aggregated_value: Number(meteredQuantity(counted, window)),
      end_time: until,
      livemode: false,
      meter: meterId,
      start_time: from,
    };
    summaries.push({ id: summary.id, summary, isEmpty: countedEvents(counted, window).length === 0 });
  }
  return summaries;
}

/** The same summary has the same id in every list, because pages are continued after an id. */
function summaryId(parts: (string | number)[]): string {
  return `mtrusg_1${createHash("sha256").update(parts.join(" ")).digest("hex").slice(0, 23)}`;
}
