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
  } finally {
    await sql.end();
  }
});

class RolledBack extends Error {}
