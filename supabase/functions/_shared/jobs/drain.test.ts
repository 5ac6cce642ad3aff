import assert from "node:assert/strict";
import type { Db } from "../platform/database.ts";
import { createLog } from "../platform/log.ts";
import { drain, type JobResult } from "./drain.ts";

/** A queue in memory for a drain. A claimed job is removed. */
function queueOf(kinds: string[]): { db: Db; settled: string[] } {
  const waiting = kinds.map((kind, index) => ({ job_id: index + 1, attempt: 1, enqueued_at: "", job: { kind } }));
  const settled: string[] = [];
  const rpc = (name: string, args: { p_limit?: number; p_job_id?: number }) => {
    const data = name === "claim_jobs" ? waiting.splice(0, args.p_limit) : "done";
    if (name !== "claim_jobs") settled.push(`${name} ${args.p_job_id}`);
    return { abortSignal: () => Promise.resolve({ data, error: null }) };
  };
  return { db: { rpc } as unknown as Db, settled };
}

const log = createLog({}, () => {});

Deno.test("a long job delays no job after it", async () => {
  const { db, settled } = queueOf(["slow", ...Array(20).fill("quick")]);
  const release = Promise.withResolvers<JobResult>();
  const ends: string[] = [];
  const draining = drain({
    db,
    log,
    lane: "control",
    budgetMs: 5_000,
    batch: 2,
    work: async (job) => {
      const result = job["kind"] === "slow" ? await release.promise : "done";
      ends.push(String(job["kind"]));
      if (ends.length === 20) release.resolve("done");
      return result;
    },
  });
  const report = await draining;
  assert.equal(ends.at(-1), "slow");
  assert.deepEqual([report.done, settled.length], [21, 21]);
});

Deno.test("no more jobs run at once than the batch allows", async () => {
  const { db } = queueOf(Array(30).fill("job"));
  let atWork = 0;
  let most = 0;
  const work = async (): Promise<JobResult> => {
    most = Math.max(most, ++atWork);
    await new Promise((resolve) => setTimeout(resolve, 1));
    atWork--;
    return "done";
  };
  assert.equal((await drain({ db, log, work, lane: "control", budgetMs: 5_000, batch: 3 })).done, 30);
  assert.equal(most, 3);
});

Deno.test("a drain that is out of time claims no more jobs and finishes its own", async () => {
  const { db } = queueOf(Array(30).fill("job"));
  const work = async (): Promise<JobResult> => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return "done";
  };
  const { done } = await drain({ db, log, work, lane: "control", budgetMs: 50, batch: 4 });
  assert.equal(done, 4);
});
