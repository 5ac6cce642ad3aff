import type { JobLane } from "./drain.ts";
import { inBackground } from "../platform/background.ts";
import type { Env } from "../platform/env.ts";

const TIMEOUT_MS = 5_000;

/**
 * Starts a drain of a lane now, before the next tick of the schedule. The jobs are on its queue: if this call is lost, they
 * run with that tick.
 */
export function wakeJobs(env: Env, lane: JobLane): void {
  const secretKey = secretKeyOf(env);
  if (secretKey === null) return;
  inBackground(
    fetch(`${env.SUPABASE_URL}/functions/v1/run-jobs`, {
      method: "POST",
      headers: { apikey: secretKey, "content-type": "application/json" },
      body: JSON.stringify({ lane }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).then((response) => response.body?.cancel()),
  );
}

/** The platform sets `{"default": "sb_secret_…"}`, or a single key. */
function secretKeyOf({ SUPABASE_SECRET_KEYS, SUPABASE_SECRET_KEY }: Env): string | null {
  if (SUPABASE_SECRET_KEYS === undefined) return SUPABASE_SECRET_KEY ?? null;
  try {
    return (JSON.parse(SUPABASE_SECRET_KEYS) as Record<string, string>)["default"] ?? null;
  } catch {
    return null;
  }
}
