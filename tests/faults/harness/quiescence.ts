import { drain, type JobLane, type JobWork } from "../../../supabase/functions/_shared/jobs/drain.ts";
import { onEachQueue } from "../../support/queues.ts";
import { workOf } from "../../../supabase/functions/run-jobs/work.ts";
import type { Trap } from "./traps.ts";
import type { World } from "./world.ts";

export interface DrainOptions {
  traps?: readonly Trap[];
  batch?: number;
  /** The maximum number of jobs to claim, as if the process then ran out of time. */
  jobs?: number;
}

/** One process that does jobs until none is left or a trap ends it. */
export async function drainOnce(
  world: World,
  { traps = [], batch = 8, jobs = Infinity }: DrainOptions = {},
): Promise<void> {
  const { process, dependencies } = world.start(traps);
  const { db, log } = dependencies;
  let left = jobs;
  const work = workOf(dependencies);
  const counted: JobWork = async (job, attempt) => {
    if (--left <= 0) process.claimsNoMore = true;
    return await work(job, attempt);
  };
  await world.run(process, async () => {
    await drain({ db, log, work: counted, lane: "control", budgetMs: 60_000, batch });
    for (const lane of await otherDueLanes(world)) {
      await drain({ db, log, work: counted, lane, budgetMs: 60_000, batch });
    }
  });
}

/** The lanes besides the control plane that have a visible job. */
async function otherDueLanes(world: World): Promise<JobLane[]> {
  const lanes = await world.sql<{ lane: JobLane }[]>`
    select distinct lane from private.jobs where lane <> 'control' and vt <= clock_timestamp()`;
  return lanes.map(({ lane }) => lane);
}

/** Several processes that do jobs at the same time. */
export async function drainTogether(world: World, processes: number, options: DrainOptions = {}): Promise<void> {
  await Promise.all(Array.from({ length: processes }, () => drainOnce(world, options)));
}

/** Makes all jobs due again half a minute later, before late requests have arrived or any lease has ended. */
export async function lookAgainSoon(world: World, traps: readonly Trap[] = []): Promise<void> {
  await world.advance(30);
  await onEachQueue(world.sql, (queue) => world.sql`update ${queue} set vt = now()`);
  await drainOnce(world, { traps });
}

/** Longer than a lease, a job's visibility timeout, and the time in which a creation may still appear. */
const PATIENCE_SECONDS = 200;
const ROUNDS = 60;

/**
 * Lets everything come to rest: late requests arrive, stalled calls resume, all jobs are done however long they want
 * to wait, and the recurring jobs run. `traps` may still strike the first process.
 */
export async function comeToRest(world: World, traps: readonly Trap[] = []): Promise<void> {
  await world.underway.arrive();
  await world.settled();
  await workOff(world, traps);
  for (const kind of ["fetch-missed-events", "converge-drifted", "sweep"]) {
    await world.sql`update private.schedules set due_at = now() where name = ${kind}`;
    await workOff(world, traps);
  }
}

async function workOff(world: World, traps: readonly Trap[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await drainOnce(world, { traps });
    await world.settled();
    const [left] = await world.sql<{ jobs: number }[]>`select count(*)::int as jobs from private.jobs`;
    if (left?.jobs === 0 && !(await world.sql`select from private.schedules where due_at <= now()`).length) return;
    await world.underway.arrive();
    await world.advance(PATIENCE_SECONDS);
    await onEachQueue(world.sql, (queue) => world.sql`update ${queue} set vt = now() where vt > now()`);
  }
  const jobs = await world.sql`
    select q.read_ct, q.message, e.error
    from private.jobs q left join private.job_errors e on e.lane = q.lane and e.job_id = q.msg_id limit 5`;
  throw new Error(`Cannot come to rest: jobs are left after ${ROUNDS} rounds: ${JSON.stringify(jobs)}`);
}
