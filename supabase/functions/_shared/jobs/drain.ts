import { completeRows, type Db, decide, type Enum } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { describeError, type Log } from "../platform/log.ts";
import { failureOf } from "../twilio/errors.ts";
import { MAX_ATTEMPTS, retryDelay } from "./retry.ts";

/** The result of a job: done, or to be run again after some seconds. Waiting is no failure: it leads to no dead letter. */
export type JobResult = "done" | { againInSeconds: number };

export type JobLane = Enum<"job_lane">;

/** One attempt at a job. */
export interface JobAttempt {
  /** When a job that fails in this attempt is run again; null when it becomes a dead letter. */
  retryInSeconds: number | null;
}

export type JobWork = (job: Record<string, unknown>, attempt: JobAttempt) => Promise<JobResult>;

export interface DrainOptions {
  db: Db;
  log: Log;
  work: JobWork;
  lane: JobLane;
  /** After this time no more jobs are claimed. Claimed jobs are finished. */
  budgetMs: number;
  /** The jobs that run at once. */
  batch: number;
}

export interface DrainReport {
  done: number;
  waiting: number;
  retried: number;
  buried: number;
}

/** How long no other drain claims the job: longer than a job takes. */
const VISIBILITY_SECONDS = 150;

/** How often jobs are claimed while others run, so that a long job delays no other. */
const LOOK_AGAIN_MS = 250;

/**
 * Runs jobs of one lane, `batch` of them at once, until none is left or the time is over. Several drains may run at the
 * same time.
 */
export async function drain({ db, log, work, lane, budgetMs, batch }: DrainOptions): Promise<DrainReport> {
  const report: DrainReport = { done: 0, waiting: 0, retried: 0, buried: 0 };
  const deadline = performance.now() + budgetMs;
  const running = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  while (performance.now() < deadline && failures.length === 0) {
    const limit = batch - running.size;
    const claimed: ClaimedJob[] = limit === 0 ? [] : await completeRows(db, "claim_jobs", {
      p_lane: lane,
      p_limit: limit,
      p_visibility_seconds: VISIBILITY_SECONDS,
    });
    for (const job of claimed) {
      const run: Promise<unknown> = runJob(job, { db, log, work, lane })
        .then((result) => report[result]++, (error) => failures.push(error))
        .finally(() => running.delete(run));
      running.add(run);
    }
    if (running.size === 0) break;
    if (claimed.length < limit || running.size === batch) await firstOrLater(running);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  return report;
}

/** Resolves when one of the jobs ends, or after LOOK_AGAIN_MS. */
async function firstOrLater(running: ReadonlySet<Promise<unknown>>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = new Promise((resolve) => timer = setTimeout(resolve, LOOK_AGAIN_MS));
  await Promise.race([...running, later]);
  clearTimeout(timer);
}

interface ClaimedJob {
  job_id: number;
  attempt: number;
  job: unknown;
}

async function runJob(
  { job_id, attempt, job }: ClaimedJob,
  { db, log, work, lane }: Pick<DrainOptions, "db" | "log" | "work" | "lane">,
): Promise<keyof DrainReport> {
  const kind = kindOf(job);
  const claimed = { p_lane: lane, p_job_id: job_id };
  const delay = retryDelay(attempt);
  try {
    // A job that ends its process reports no failure, so its claims are counted.
    if (attempt > MAX_ATTEMPTS) {
      return await moveToDeadLetters(claimed, "its process ended during every attempt", db);
    }
    const result = await work(job as Record<string, unknown>, {
      retryInSeconds: attempt >= MAX_ATTEMPTS ? null : delay,
    });
    if (result === "done") {
      await decide(db, "finish_job", claimed);
      return "done";
    }
    await decide(db, "defer_job", { ...claimed, p_delay_seconds: result.againInSeconds });
    return "waiting";
  } catch (error) {
    const reason = reasonOf(error);
    log.warn("job.failed", { kind, lane, jobId: job_id, attempt, reason, ...describeError(error) });
    if (attempt >= MAX_ATTEMPTS) return await moveToDeadLetters(claimed, reason, db);
    await decide(db, "retry_job", { ...claimed, p_delay_seconds: delay, p_error: reason });
    return "retried";
  }
}

async function moveToDeadLetters(
  claimed: { p_lane: JobLane; p_job_id: number },
  reason: string,
  db: Db,
): Promise<"buried"> {
  await decide(db, "move_job_to_dead_letters", { ...claimed, p_error: reason });
  return "buried";
}

function kindOf(job: unknown): string {
  return typeof job === "object" && job !== null && "kind" in job ? String(job.kind) : "unknown";
}

/** The error as operators read it. */
function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return `${error.code}: ${error.message}`;
  const failure = failureOf(error);
  if (failure === null) return error instanceof Error ? `${error.name}: ${error.message}` : "unknown";
  return "code" in failure ? `twilio ${failure.kind} ${failure.code}: ${failure.message}` : `twilio ${failure.kind}`;
}
