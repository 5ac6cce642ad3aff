import type Stripe from "stripe";
import type { Json } from "../database.types.ts";
import { type Db, decide, decision } from "../platform/database.ts";
import { isUnknownAtStripe } from "../stripe/errors.ts";
import { type MeterIds, meterIds } from "./meters.ts";
import { type Count, countsOf, type Slice, slicesOf, type Window, windowsOf } from "./meter-windows.ts";

const beginComparison = decision("begin_comparison", {
  leased: ["fence", "windows"],
  idle: [],
  busy: [],
  unknown_customer: [],
});

/** Longer than the reading of a batch: two calls at a time, each bounded by the client's timeout. */
const LEASE_SECONDS = 180;
/** Days of all kinds that one comparison reads. */
const DAYS = 60;

export interface CompareDependencies {
  db: Db;
  stripe: Stripe;
}

export type ComparisonResult =
  /** What could be compared is, and the database says when the customer is due again. */
  | "compared"
  /** Another process sends or compares for the customer. */
  | "busy"
  /** The lease ran out, and another process took it. */
  | "fenced";

/**
 * Compares Stripe's summaries of a customer's meters with what Stripe has accepted of us, by kind and UTC day, under the
 * customer's lease. The database decides what a difference leads to. Safe to run twice, late, or after a crash at any point:
 * only the decision writes.
 */
export async function compareMeters(customerId: string, dependencies: CompareDependencies): Promise<ComparisonResult> {
  const { db } = dependencies;
  const begun = await beginComparison(db, {
    p_customer_id: customerId,
    p_lease_seconds: LEASE_SECONDS,
    p_limit: DAYS,
  });
  switch (begun.outcome) {
    case "idle":
    case "unknown_customer":
      return "compared";
    case "busy":
      return "busy";
    case "leased": {
      const settle = async (counts: Count[]) =>
        await decide(db, "settle_comparison", {
          p_customer_id: customerId,
          p_fence: begun.fence,
          p_counts: counts as unknown as Json,
        });
      try {
        const counts = await readCounts(customerId, slicesOf(begun.windows), dependencies);
        return await settle(counts) === "settled" ? "compared" : "fenced";
      } catch (error) {
        // Gives the lease back. Without a count nothing is decided.
        await settle([]);
        if (isUnknownAtStripe(error)) return "compared";
        throw error;
      }
    }
  }
}

async function readCounts(customerId: string, slices: Slice[], { db, stripe }: CompareDependencies): Promise<Count[]> {
  const isKnown = (stored: MeterIds) => slices.every(({ kind }) => stored[kind] !== undefined);
  const meters = await meterIds(db, stripe, isKnown);
  const counts: Count[] = [];
  for (const [kind, windows] of Map.groupBy(windowsOf(slices), ({ kind }) => kind)) {
    const meterId = meters[kind];
    // Without the meter nothing is known. Sending tells the operator of it.
    if (meterId === undefined) continue;
    counts.push(...await countsOfKind(customerId, meterId, windows, stripe));
  }
  return counts;
}

async function countsOfKind(
  customer: string,
  meterId: string,
  windows: readonly Window[],
  stripe: Stripe,
): Promise<Count[]> {
  const counts: Count[] = [];
  const days = windows.filter(({ isDay }) => isDay);
  if (days.length > 0) {
    const start = Math.min(...days.map(({ start }) => start));
    const end = Math.max(...days.map(({ end }) => end));
    const byDay = await sumsByStart(meterId, { customer, start_time: start, end_time: end }, "day", stripe);
    for (const window of days) counts.push(...countsOf(window, byDay.get(window.start) ?? 0));
  }
  for (const window of windows.filter(({ isDay }) => !isDay)) {
    const range = { customer, start_time: window.start, end_time: window.end };
    const sums = await sumsByStart(meterId, range, null, stripe);
    counts.push(...countsOf(window, sum([...sums.values()])));
  }
  return counts;
}

/** The sums of a range by the second at which each begins. Days without usage may be missing. */
async function sumsByStart(
  meterId: string,
  range: { customer: string; start_time: number; end_time: number },
  window: "day" | null,
  stripe: Stripe,
): Promise<Map<number, number>> {
  const summaries = await stripe.billing.meters.listEventSummaries(meterId, {
    ...range,
    ...(window !== null && { value_grouping_window: window }),
    limit: 100,
  }).autoPagingToArray({ limit: 10_000 });
  return new Map(summaries.map(({ start_time, aggregated_value }) => [start_time, aggregated_value]));
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
