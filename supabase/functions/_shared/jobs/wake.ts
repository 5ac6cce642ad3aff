import type { JobLane } from "./drain.ts";
import { inBackground } from "../platform/background.ts";
import { schedulerKeyOf } from "../platform/claims.ts";
import type { Env } from "../platform/env.ts";

const TIMEOUT_MS = 5_000;

/**
 * Starts a drain of a lane now, before the next tick of the schedule. The jobs are on its queue: if this call is lost, they
 * run with that tick.
 */
export function wakeJobs(env: Env, lane: JobLane): void {
  const { key } = schedulerKeyOf(env);
  if (key === null) return;
  inBackground(
    fetch(`${env.SUPABASE_URL}/functions/v1/run-jobs`, {
      method: "POST",
      headers: { apikey: key, "content-type": "application/json" },
      body: JSON.stringify({ lane }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).then((response) => response.body?.cancel()),
  );
}
