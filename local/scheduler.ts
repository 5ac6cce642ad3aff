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
  /** Lets a call that is under way come to its end, and calls no more. */
  stop(): Promise<void>;
}

/**
 * Calls `run-jobs` again and again, one call at a time: the local place of pg_cron and pg_net.
 *
 * A call that fails is told once, until one succeeds again.
 */
export function startScheduler({ url, secretKey, interval, log }: SchedulerOptions): Scheduler {
  const stopping = new AbortController();
  let told = "";
  async function tick(): Promise<void> {
    if (stopping.signal.aborted) return;
    const trouble = await call(url, secretKey);
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
      await running;
    },
  };
}

/** Returns what went wrong, or "". */
async function call(url: string, secretKey: string): Promise<string> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { apikey: secretKey },
      signal: AbortSignal.timeout(60_000),
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
