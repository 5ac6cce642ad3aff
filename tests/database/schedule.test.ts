import assert from "node:assert/strict";
import postgres from "postgres";
import { LANES } from "../support/queues.ts";
import { startTestDatabase } from "../support/test-database.ts";

// pg_cron and Vault exist on Supabase only: their tables are imitated here.
Deno.test("describe_installation reports the cron entry of each lane, and names a missing one and missing secrets", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const report = async () =>
    Object.fromEntries(
      (await sql`select subject, verdict || ': ' || finding as line from public.describe_installation()
        where subject like 'schedule%'`).map(({ subject, line }) => [subject, line]),
    );
  const everywhere = (line: string) => Object.fromEntries(LANES.map((lane) => [`schedule ${lane}`, line]));
  try {
    assert.deepEqual(await report(), { schedule: "ok: no pg_cron here: the local scheduler calls run-jobs" });
    await sql`create schema cron`;
    await sql`create schema vault`;
    await sql`create table cron.job (jobname text, active boolean)`;
    await sql`create table vault.decrypted_secrets (name text)`;
    for (const lane of LANES) await sql`insert into cron.job values (${`switchboard-run-jobs-${lane}`}, true)`;
    const lacking = "fail: Vault lacks switchboard_functions_url or switchboard_secret_key";
    assert.deepEqual(await report(), everywhere(lacking));
    await sql`insert into vault.decrypted_secrets values ('switchboard_functions_url'), ('switchboard_secret_key')`;
    const right = everywhere("ok: pg_cron looks for due jobs every ten seconds");
    assert.deepEqual(await report(), right);
    await sql`update cron.job set active = false where jobname = 'switchboard-run-jobs-campaigns'`;
    const missing = "fail: the cron entry switchboard-run-jobs-campaigns is missing";
    assert.deepEqual(await report(), { ...right, "schedule campaigns": missing });
  } finally {
    await sql.end();
  }
});
