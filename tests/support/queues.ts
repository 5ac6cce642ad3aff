import type postgres from "postgres";
import { Constants } from "../../supabase/functions/_shared/database.types.ts";

/** The names of the lanes of jobs. */
export const LANES = Constants.public.Enums.job_lane;

/** Runs a statement on the queue of each lane, whose table it is given. The view `private.jobs` reads all of them at once. */
export async function onEachQueue(
  sql: postgres.Sql,
  statement: (queue: postgres.PendingQuery<postgres.Row[]>) => PromiseLike<unknown>,
): Promise<void> {
  for (const lane of LANES) await statement(sql`${sql(`pgmq.q_jobs_${lane}`)}`);
}
