import { inBackground } from "../platform/background.ts";
import type { Env } from "../platform/env.ts";

const TIMEOUT_MS = 5_000;

/**
 * Starts a drain now rather than at the next tick of the schedule. Only a speed-up: the job is on the queue, and whether
 * this call arrives changes nothing but when it is worked off.
 */
export function wakeJobs(env: Env): void {
  const secretKey = secretKeyOf(env);
  if (secretKey === null) return;
  inBackground(
    fetch(`${env.SUPABASE_URL}/functions/v1/run-jobs`, {
      method: "POST",
      headers: { apikey: secretKey },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).then((response) => response.body?.cancel()),
  );
}

/** The platform gives its keys as `{"default": "sb_secret_…"}`, or a single one. */
function secretKeyOf({ SUPABASE_SECRET_KEYS, SUPABASE_SECRET_KEY }: Env): string | null {
  if (SUPABASE_SECRET_KEYS === undefined) return SUPABASE_SECRET_KEY ?? null;
  try {
    return (JSON.parse(SUPABASE_SECRET_KEYS) as Record<string, string>)["default"] ?? null;
  } catch {
    return null;
  }
}
