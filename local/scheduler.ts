import { Constants } from "../supabase/functions/_shared/database.types.ts";
import type { Log } from "./log.ts";

const LANES = Constants.public.Enums.job_lane;
type JobLane = (typeof LANES)[number];

export interface SchedulerOptions {
  /** The address to call, `<apiUrl>/functions/v1/run-jobs`. */
  url: string;
  secretKey: string;
  /** The time from one call for a lane to the next, in milliseconds. The next does not wait for the end of the one before. */
  interval: number;
  log: Log;
  /** Whether a lane has work, asked before each call. By default every lane is called each time. */
  isDue?(lane: JobLane): Promise<boolean>;
}

export interface Scheduler {
  /** Resolves when the first call for each lane has ended, with or without success. Jobs due at the start have then run. */
  first: Promise<void>;
  /** Makes no further call, and waits up to two seconds for calls in progress. */
  stop(): Promise<void>;
}

/**
 * How many calls for one lane run at once. pg_net has no such limit, but on the platform a call is made every 10 seconds
 * and runs jobs for 20, so that three overlap. Here calls are made more often.
 */
const MOST_AT_ONCE = 3;

/**
 * Calls `run-jobs` periodically for each lane, also while earlier calls for it run: like pg_cron and pg_net of the platform,
 * which it replaces, it does not wait for an answer. Only the first call for a lane ends before the second begins.
 *
 * A failure is logged when no lane's last call had the same one.
 */
export function startScheduler(
  { url, secretKey, interval, log, isDue = () => Promise.resolve(true) }: SchedulerOptions,
): Scheduler {
  const stopping = new AbortController();
  const aborting = new AbortController();
  const lastFailures = new Map<string, string>();
  async function tick(lane: JobLane): Promise<void> {
    if (!await isDue(lane) || stopping.signal.aborted) return;
    const failure = await call(url, lane, secretKey, aborting.signal);
    if (aborting.signal.aborted) return;
    if (failure !== "" && ![...lastFailures.values()].includes(failure)) log(`scheduler: ${failure}`);
    lastFailures.set(lane, failure);
  }
  const running = new Set<Promise<void>>();
  async function repeat(lane: JobLane, first: Promise<void>): Promise<void> {
    // An earlier second call could take the jobs that are due at the start, and the first one would end before they ran.
    await first;
    const ofLane = new Set<Promise<void>>();
    while (!stopping.signal.aborted) {
      await pause(interval, stopping.signal);
      if (stopping.signal.aborted || ofLane.size >= MOST_AT_ONCE) continue;
      const call = tick(lane).finally(() => {
        ofLane.delete(call);
        running.delete(call);
      });
      ofLane.add(call);
      running.add(call);
    }
  }
  const firsts = LANES.map((lane) => tick(lane));
  const repeating = LANES.map((lane, index) => repeat(lane, firsts[index]!));
  return {
    first: Promise.all(firsts).then(() => {}),
    async stop() {
      stopping.abort();
      const timer = setTimeout(() => aborting.abort(), STOP_TIMEOUT_MS);
      await Promise.all([...repeating, ...firsts]);
      await Promise.all(running);
      clearTimeout(timer);
    },
  };
}

/**
 * A call can send a campaign for many seconds. Aborting it is safe: its jobs return to the queue when their leases
 * expire.
 */
const STOP_TIMEOUT_MS = 2_000;

/** Returns a description of the failure, or "" after success. */
async function call(url: string, lane: string, secretKey: string, aborted: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { apikey: secretKey, "content-type": "application/json" },
      body: JSON.stringify({ lane }),
      signal: AbortSignal.any([AbortSignal.timeout(60_000), aborted]),
    });
    const text = await response.text();
    if (response.ok) return "";
    return response.status === 404
      ? 'Cannot call "run-jobs": the function does not exist; queued work waits'
      : `run-jobs answered ${response.status}: ${text.slice(0, 300)}`;
  } catch (error) {
    return `Cannot call "run-jobs": ${error instanceof Error ? error.message : error}`;
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
