import type Stripe from "stripe";
import { completeCompositesFrom, type Db, decide, decision, type Enum } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import { isMissingAtStripe } from "../stripe/errors.ts";
import { ACCEPTED, type MeterOutcome, outcomeOfFailure } from "./meter-outcome.ts";
import { countOf, slicesOf, windowsOf } from "./meter-windows.ts";

const beginMetering = decision("begin_metering", {
  leased: ["fence", "calls"],
  idle: ["fence"],
  busy: [],
  fenced: [],
  unknown_customer: [],
});

/** Longer than the calls of a batch take, with the last one that begins. */
const LEASE_SECONDS = 60;
/** After this time of a lease no call begins. The SDK ends a call after ten seconds. */
const CALLS_BEGIN_MS = 40_000;
/** The calls of one batch. */
const BATCH = 24;
/** How long one job sends for one customer. */
const BUDGET_MS = 30_000;
/** Attempts at one call, and the delay before the second. Each next delay is twice as long. */
const ATTEMPTS = 4;
const DELAY_MS = 300;

export interface MeterDependencies {
  db: Db;
  /** Loaded by the first customer who has something to send. */
  stripe: () => Promise<Stripe>;
  log: Log;
  sleep?: (ms: number) => Promise<void>;
}

export type MeterResult =
  /** What can be sent now is sent, and its outcomes are recorded. */
  | "idle"
  /** There is more to send. */
  | "more"
  /** Stripe answered with errors. What is left is due again by itself. */
  | "stopped"
  /** Another process sends for the customer. */
  | "busy"
  /** The lease was lost to another process. */
  | "fenced";

/** A call as `begin_metering` returns it. */
type Call = ReturnType<typeof callsFrom>[number];

/** What became of a call, in the shape of `metering_report`. */
interface Report {
  row_id: string;
  outcome: Enum<"metering_outcome">;
  error: string | null;
  delay_seconds: number;
  counted: number | null;
}

/**
 * Sends the usage of a customer to Stripe as meter events, one call at a time for each meter. A row is in state `sending`
 * before its call begins, and the outcome of a batch is recorded at once, under the customer's lease. Safe to run twice,
 * late, or after a crash at any point.
 *
 * @throws the failure of the database
 */
export async function meterUsage(customerId: string, dependencies: MeterDependencies): Promise<MeterResult> {
  const { db, log } = dependencies;
  const until = performance.now() + BUDGET_MS;
  let fence: number | null = null;
  while (true) {
    const begun = await beginMetering(db, {
      p_customer_id: customerId,
      p_fence: fence,
      p_lease_seconds: LEASE_SECONDS,
      p_limit: BATCH,
    });
    if (begun.outcome === "unknown_customer") return "idle";
    if (begun.outcome !== "leased") return begun.outcome;
    fence = begun.fence;
    const reports = await callByMeter(customerId, callsFrom(begun.calls), dependencies);
    const mayGoOn = reports.every(({ outcome }) => outcome !== "unknown" && outcome !== "unsent");
    const goesOn = mayGoOn && performance.now() < until;
    const settled = await decide(db, "settle_metering", {
      p_customer_id: customerId,
      p_fence: fence,
      // Without a next batch the lease is given back.
      p_lease_seconds: goesOn ? LEASE_SECONDS : 0,
      p_reports: reports.map((report) => ({ ...report })),
    });
    log.info("usage.metered", { customerId, ...countOutcomes(reports) });
    if (settled === "fenced") return "fenced";
    if (!goesOn) return mayGoOn ? "more" : "stopped";
  }
}

/** Makes the calls of each meter in order, and those of different meters at the same time. */
async function callByMeter(customerId: string, calls: Call[], dependencies: MeterDependencies): Promise<Report[]> {
  const deadline = performance.now() + CALLS_BEGIN_MS;
  const stripe = await dependencies.stripe();
  const byMeter = Map.groupBy(calls, ({ kind }) => kind);
  const reports = await Promise.all([...byMeter.values()].map(async (ofMeter) => {
    const done: Report[] = [];
    for (const call of ofMeter) done.push(await makeCall(customerId, call, deadline, { ...dependencies, stripe }));
    return done;
  }));
  return reports.flat();
}

interface CallDependencies {
  stripe: Stripe;
  sleep?: (ms: number) => Promise<void>;
}

async function makeCall(
  customerId: string,
  call: Call,
  deadline: number,
  dependencies: CallDependencies,
): Promise<Report> {
  if (call.step === "compare") return await compare(customerId, call, deadline, dependencies);
  const { outcome, error, delaySeconds } = await send(customerId, call, deadline, dependencies);
  return { row_id: call.row_id, outcome, error, delay_seconds: delaySeconds, counted: null };
}

/**
 * Creates a meter event. The same call is repeated while it may help: the SDK's own repetition is off, because its time
 * does not end with the lease.
 */
async function send(
  customerId: string,
  { event_name, identifier, value, timestamp_seconds }: Call,
  deadline: number,
  { stripe, sleep = wait }: CallDependencies,
): Promise<MeterOutcome> {
  let last: MeterOutcome = { outcome: "unsent", error: null, delaySeconds: 0, isTransient: true };
  /** After one attempt without a known outcome, a later one that was not made does not settle the row. */
  let isUnknown = false;
  for (let attempt = 0; attempt < ATTEMPTS && performance.now() < deadline; attempt++) {
    if (attempt > 0) await sleep(DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
    last = await stripe.billing.meterEvents.create({
      event_name,
      identifier,
      timestamp: timestamp_seconds,
      payload: { stripe_customer_id: customerId, value },
    }, { idempotencyKey: identifier, maxNetworkRetries: 0 }).then(
      () => ACCEPTED,
      (error) => outcomeOfFailure(error, identifier),
    );
    isUnknown ||= last.outcome === "unknown";
    if (!last.isTransient) break;
  }
  // What Stripe says of a later attempt does not tell what became of an earlier one.
  return isUnknown && last.outcome !== "accepted" && last.outcome !== "customer_gone"
    ? { ...last, outcome: "unknown" }
    : last;
}

/** Reads what Stripe has counted for the customer, the meter, the UTC day and the period of a row whose outcome is unknown. */
async function compare(
  customerId: string,
  { row_id, meter_id, billed_start, parts }: Call,
  deadline: number,
  { stripe }: CallDependencies,
): Promise<Report> {
  if (meter_id === null || performance.now() >= deadline) {
    const error = meter_id === null ? "the meter is not known" : null;
    return { row_id, outcome: "unknown", error, delay_seconds: 300, counted: null };
  }
  try {
    const isItsPart = (slice: { billedStart: string }) => slice.billedStart === billed_start;
    const window = windowsOf(slicesOf(parts)).find(({ slices }) => slices.some(isItsPart))!;
    let sum = 0;
    const summaries = stripe.billing.meters.listEventSummaries(meter_id, {
      customer: customerId,
      start_time: window.start,
      end_time: window.end,
      limit: 100,
    }, { maxNetworkRetries: 1 });
    for await (const { aggregated_value } of summaries) sum += aggregated_value;
    const counted = Math.round(countOf(window, billed_start, sum));
    return { row_id, outcome: "compared", error: null, delay_seconds: 0, counted };
  } catch (error) {
    const outcome = isMissingAtStripe(error, "customer") ? "customer_gone" : "unknown";
    return { row_id, outcome, error: outcomeOfFailure(error, "").error, delay_seconds: 300, counted: null };
  }
}

function callsFrom(calls: Parameters<typeof completeCompositesFrom>[1]) {
  return completeCompositesFrom("metering_call", calls, ["meter_id", "parts"]);
}

function countOutcomes(reports: readonly Report[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of reports) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
