import type { Log } from "./log.ts";

export interface SchedulerOptions {
  /** The address to call, `<apiUrl>/functions/v1/run-jobs`. */
  url: string;
  secretKey: string;
  /** The pause between the end of one call and the next, in milliseconds. */
  interval: number;
  log: Log;
}

export interface Scheduler {
  /** Resolves when the first call has ended, with or without success. Jobs that were due at the start have then run. */
  first: Promise<void>;
  /** Makes no further call, and waits up to two seconds for a call in progress. */
  stop(): Promise<void>;
}

/**
 * Calls `run-jobs` periodically, one call at a time. It replaces pg_cron and pg_net of the platform.
 *
 * The same failure is logged once in a row.
 */
export function startScheduler({ url, secretKey, interval, log }: SchedulerOptions): Scheduler {
  const stopping = new AbortController();
  const aborting = new AbortController();
  let lastFailure = "";
  async function tick(): Promise<void> {
    if (stopping.signal.aborted) return;
    const failure = await call(url, secretKey, aborting.signal);
    if (aborting.signal.aborted) return;
    if (failure !== lastFailure && failure !== "") log(`scheduler: ${failure}`);
    lastFailure = failure;
  }
  const first = tick();
  const running = (async () => {
    await first;
    while (!stopping.signal.aborted) {
      await pause(interval, stopping.signal);
      await tick();
    }
  })();
  return {
    first,
    async stop() {
      stopping.abort();
      const timer = setTimeout(() => aborting.abort(), STOP_TIMEOUT_MS);
      await running;
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
async function call(url: string, secretKey: string, aborted: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { apikey: secretKey },
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
