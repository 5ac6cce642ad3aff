import type postgres from "postgres";
import { Constants } from "../../supabase/functions/_shared/database.types.ts";
import { runJobs } from "../driver/actor.ts";
import { eventually } from "../driver/eventually.ts";
import type { StackState } from "../stack-state.ts";

const LANES = Constants.public.Enums.job_lane;

/** Makes the schedules whose name fits a pattern due now instead of within minutes. */
export async function hurry(sql: postgres.Sql, names: string): Promise<void> {
  await sql`update private.schedules set due_at = now() where name similar to ${names} and due_at > now()`;
}

/** As `eventually`, and runs the jobs that wait meanwhile, also those that are due within an hour. */
export async function afterJobs<Value>(
  { state, sql }: { state: StackState; sql: postgres.Sql },
  awaited: string,
  read: () => Promise<Value | false>,
): Promise<Value> {
  let hurriedAt = performance.now();
  return await eventually(awaited, async () => {
    const seen = await read();
    if (seen !== false) return seen;
    if (performance.now() - hurriedAt > 1000) {
      hurriedAt = performance.now();
      // A job that was claimed just now, for 150 seconds, is being done. One of another day is to wait, as a campaign does.
      for (const lane of LANES) {
        await sql`
          update ${sql(`pgmq.q_jobs_${lane}`)} set vt = now()
          where vt > now() and vt < now() + interval '1 hour' and vt - now() not between '120 seconds' and '150 seconds'`;
      }
    }
    await Promise.all(LANES.map((lane) => runJobs(state, lane)));
    return false;
  }, 120_000);
}
