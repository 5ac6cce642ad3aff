import { completeRows, type Db, decide } from "../platform/database.ts";
import { Refusal } from "../platform/errors.ts";
import { describeError, type Log } from "../platform/log.ts";
import { failureOf } from "../twilio/errors.ts";
import { MAX_ATTEMPTS, retryDelay } from "./retry.ts";

/** The result of a job: done, or run it again after some seconds. Waiting is no failure and never leads to a dead letter. */
export type JobResult = "done" | { againInSeconds: number };

export type JobWork = (job: Record<string, unknown>) => Promise<JobResult>;

export interface DrainOptions {
  db: Db;
  log: Log;
  work: JobWork;
  /** Stop claiming once this much time has passed; what is claimed is finished. */
  budgetMs: number;
  batch?: number;
}

export interface DrainReport {
  done: number;
  waiting: number;
  retried: number;
  buried: number;
}

/** Longer than a job may take: no other drain claims it until then. */
const VISIBILITY_SECONDS = 150;

/** How often jobs are claimed while others run: a long job delays no other. */
const LOOK_AGAIN_MS = 250;

/** Claims and works off jobs until none is left or the time is up, `batch` of them side by side. Several drains may run at once. */
export async function drain({ db, log, work, budgetMs, batch = 8 }: DrainOptions): Promise<DrainReport> {
  const report: DrainReport = { done: 0, waiting: 0, retried: 0, buried: 0 };
  const deadline = performance.now() + budgetMs;
  const atWork = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  while (performance.now() < deadline && failures.length === 0) {
    const limit = batch - atWork.size;
    const claimed: ClaimedJob[] = limit === 0 ? [] : await completeRows(db, "claim_jobs", {
      p_limit: limit,
      p_visibility_seconds: VISIBILITY_SECONDS,
    });
    for (const job of claimed) {
      const settled: Promise<unknown> = settle(job, { db, log, work })
        .then((result) => report[result]++, (error) => failures.push(error))
        .finally(() => atWork.delete(settled));
      atWork.add(settled);
    }
    if (atWork.size === 0) break;
    if (claimed.length < limit || atWork.size === batch) await firstOrLater(atWork);
  }
  await Promise.all(atWork);
  if (failures.length > 0) throw failures[0];
  return report;
}

/** Resolves when one of them has ended, or after a while. */
async function firstOrLater(atWork: ReadonlySet<Promise<unknown>>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = new Promise((resolve) => timer = setTimeout(resolve, LOOK_AGAIN_MS));
  await Promise.race([...atWork, later]);
  clearTimeout(timer);
}

interface ClaimedJob {
  job_id: number;
  attempt: number;
  job: unknown;
}

async function settle(
  { job_id, attempt, job }: ClaimedJob,
  { db, log, work }: Pick<DrainOptions, "db" | "log" | "work">,
): Promise<keyof DrainReport> {
  const kind = kindOf(job);
  try {
    // A job that ends its process each time never reports a failure, so its claims are counted.
    if (attempt > MAX_ATTEMPTS) {
      return await moveToDeadLetters(job_id, "its process ended before it did, each time", db);
    }
    const result = await work(job as Record<string, unknown>);
    if (result === "done") {
      await decide(db, "finish_job", { p_job_id: job_id });
      return "done";
    }
    await decide(db, "defer_job", { p_job_id: job_id, p_delay_seconds: result.againInSeconds });
    return "waiting";
  } catch (error) {
    const reason = reasonOf(error);
    log.warn("job.failed", { kind, jobId: job_id, attempt, reason, ...describeError(error) });
    if (attempt >= MAX_ATTEMPTS) return await moveToDeadLetters(job_id, reason, db);
    await decide(db, "retry_job", { p_job_id: job_id, p_delay_seconds: retryDelay(attempt), p_error: reason });
    return "retried";
  }
}

async function moveToDeadLetters(jobId: number, reason: string, db: Db): Promise<"buried"> {
  await decide(db, "move_job_to_dead_letters", { p_job_id: jobId, p_error: reason });
  return "buried";
}

function kindOf(job: unknown): string {
  return typeof job === "object" && job !== null && "kind" in job ? String(job.kind) : "unknown";
}

/** The error that an operator reads: the kind of failure, without the text of a foreign error. */
function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return `${error.code}: ${error.message}`;
  try {
    const failure = failureOf(error);
    return "code" in failure ? `twilio ${failure.kind} ${failure.code}: ${failure.message}` : `twilio ${failure.kind}`;
  } catch {
    return error instanceof Error ? `${error.name}: ${error.message}` : "unknown";
  }
}
