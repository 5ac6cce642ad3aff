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
  /** Resolves when the first call has come back, however it went: what is due at once is then done. */
  first: Promise<void>;
  /** Lets a call that is under way come to its end, within two seconds, and calls no more. */
  stop(): Promise<void>;
}

/**
 * Calls `run-jobs` again and again, one call at a time: the local place of pg_cron and pg_net.
 *
 * A call that fails is told once, until one succeeds again.
 */
export function startScheduler({ url, secretKey, interval, log }: SchedulerOptions): Scheduler {
  const stopping = new AbortController();
  const givingUp = new AbortController();
  let told = "";
  async function tick(): Promise<void> {
    if (stopping.signal.aborted) return;
    const trouble = await call(url, secretKey, givingUp.signal);
    if (givingUp.signal.aborted) return;
    if (trouble !== told && trouble !== "") log(`scheduler: ${trouble}`);
    told = trouble;
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
      const timer = setTimeout(() => givingUp.abort(), PATIENCE_MS);
      await running;
      clearTimeout(timer);
    },
  };
}

/** A drain may have a campaign at work for many seconds: what it has claimed comes back to the queue by itself. */
const PATIENCE_MS = 2_000;

/** Returns what went wrong, or "". */
async function call(url: string, secretKey: string, givingUp: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { apikey: secretKey },
      signal: AbortSignal.any([AbortSignal.timeout(60_000), givingUp]),
    });
    const text = await response.text();
    if (response.ok) return "";
    return response.status === 404
      ? 'There is no function "run-jobs": queued work waits'
      : `run-jobs answered ${response.status}: ${text.slice(0, 300)}`;
  } catch (error) {
    return `run-jobs could not be called: ${error instanceof Error ? error.message : error}`;
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
