import assert from "node:assert/strict";
import postgres from "postgres";
import { startTestDatabase } from "../support/test-database.ts";

const FEW = 100;
const MANY = 100_000;
/** The pages that a claim among MANY jobs may read, compared with FEW: the indexes are up to two levels deeper. */
const RATIO = 1.5;

/** The tenant and the delay of the nth job, as SQL. */
const SHAPES: Readonly<Record<string, { tenant: string; delay: string }>> = {
  "one tenant owns all": { tenant: "'a'", delay: "0" },
  "each tenant owns one": { tenant: "md5(n::text)", delay: "0" },
  "one tenant owns half, and each other one": {
    tenant: "case when n % 2 = 0 then 'a' else md5(n::text) end",
    delay: "0",
  },
  "no job has a tenant": { tenant: "null", delay: "0" },
  "one tenant owns all, and nine in ten are invisible": {
    tenant: "'a'",
    delay: "case when n % 10 = 0 then 0 else 3600 end",
  },
  "each tenant owns one, and nine in ten are invisible": {
    tenant: "md5(n::text)",
    delay: "case when n % 10 = 0 then 0 else 3600 end",
  },
};

/** Fills the queue without triggers, and adds the turns that these would have added. */
async function fill(sql: postgres.Sql, jobs: number, { tenant, delay }: { tenant: string; delay: string }) {
  await sql`truncate pgmq.q_jobs_control`;
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx.unsafe(`
      insert into pgmq.q_jobs_control (vt, message)
      select clock_timestamp() + make_interval(secs => ${delay}), jsonb_build_object('kind', 'converge', 'userId', ${tenant})
      from generate_series(1, ${jobs}) n`);
    await tx`
      insert into private.job_turns (lane, subject, due_at)
      select 'control', coalesce(message ->> 'userId', msg_id::text), min(vt) from pgmq.q_jobs_control group by 2`;
  });
  await sql`vacuum private.job_turns, private.jobs_in_flight`;
}

/** The pages that a claim of eight jobs touches and its time in milliseconds: the least of several, each undone. */
async function costOfClaim(sql: postgres.Sql): Promise<{ pages: number; time: number }> {
  const costs: { pages: number; time: number }[] = [];
  for (let count = 0; count < 15; count++) {
    await sql.begin(async (tx) => {
      const [explained] = await tx`
        explain (analyze, buffers, timing off, format json) select * from public.claim_jobs('control', 8, 60)`;
      const [{ Plan: plan, "Execution Time": time }] = explained!["QUERY PLAN"];
      assert.equal(plan["Actual Rows"], 8);
      costs.push({ pages: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], time });
      throw new Undone();
    }).catch((error) => {
      if (!(error instanceof Undone)) throw error;
    });
  }
  return { pages: Math.min(...costs.map(({ pages }) => pages)), time: Math.min(...costs.map(({ time }) => time)) };
}

class Undone extends Error {}

Deno.test("a claim among 100,000 jobs reads about as few pages as among 100, however they belong to tenants", async (t) => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql`update private.schedules set due_at = now() + interval '1 day'`;
  for (const [title, shape] of Object.entries(SHAPES)) {
    await t.step(title, async () => {
      await fill(sql, FEW, shape);
      const few = await costOfClaim(sql);
      await fill(sql, MANY, shape);
      const many = await costOfClaim(sql);
      console.log(
        `figures: claims, ${title}: ${few.pages} and ${many.pages} pages, ${few.time.toFixed(2)} and ${
          many.time.toFixed(2)
        } ms`,
      );
      assert.ok(many.pages <= few.pages * RATIO, `${many.pages} pages among ${MANY} jobs, ${few.pages} among ${FEW}`);
    });
  }
  await sql.end();
});
