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

/** As `eventually`, and runs the jobs that are due meanwhile. */
export async function afterJobs<Value>(
  state: StackState,
  awaited: string,
  read: () => Promise<Value | false>,
): Promise<Value> {
  return await eventually(awaited, async () => {
    const seen = await read();
    if (seen !== false) return seen;
    await Promise.all(LANES.map((lane) => runJobs(state, lane)));
    return false;
  }, 40_000);
}
