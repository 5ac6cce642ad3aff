import assert from "node:assert/strict";
import postgres from "postgres";
import { startTestDatabase } from "../../tests/support/test-database.ts";
import { activeTenants } from "./database.ts";
import { fill } from "./fill.ts";
import { CLAIMS, READS_AND_DECISIONS, SCHEDULED } from "./statements.ts";

Deno.test("the database of bench:scale can be filled, and each statement that it measures runs", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  try {
    const size = { tenants: 1_000, messages: 3_000, jobs: 20 };
    await fill(sql, size);
    const [tenant] = await activeTenants(sql, size);
    const failed: string[] = [];
    for (const { name, run } of [...SCHEDULED, ...READS_AND_DECISIONS, ...CLAIMS]) {
      await sql.begin(async (transaction) => {
        await transaction`set local role service_role`;
        await run(transaction, tenant!);
        throw new RolledBack();
      }).catch((error) => {
        if (!(error instanceof RolledBack)) failed.push(`${name}: ${error.message}`);
      });
    }
    assert.deepEqual(failed, []);
    const counts = await sql.begin(async (transaction) => {
      await transaction`set local session_replication_role = replica`;
      await transaction`select bench.add_day(${tenant!.id}, 50), bench.add_rows(${tenant!.customer}, 30)`;
      const [busy] = await transaction`select public.rate_usage(${tenant!.id}) > 0 as busy`;
      const [due] = await transaction`select bench.rate_due_usage() > 300 as due`;
      const [batch] = await transaction`select sent from bench.send_batch(${tenant!.customer}, null, 100)`;
      return { ...busy, ...due, ...batch };
    });
    // One row of each kind and day at a time.
    assert.deepEqual(counts, { busy: true, due: true, sent: 24 });
  } finally {
    await sql.end();
  }
});

class RolledBack extends Error {}
