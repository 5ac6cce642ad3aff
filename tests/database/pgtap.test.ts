import postgres from "postgres";
import { findTestFiles, stepThroughFiles } from "../support/pgtap.ts";
import { startTestDatabase } from "../support/test-database.ts";

Deno.test("Every pgTAP file of supabase/tests passes", async (test) => {
  await using database = await startTestDatabase();
  const files = await findTestFiles();
  await stepThroughFiles(test, database.url, files);
  const sql = postgres(database.url, { max: 1 });
  const [covered] = await sql`select
    (select count(*)::int from pg_catalog.pg_tables where schemaname in ('public', 'private')) as tables,
    (select count(*)::int from pg_catalog.pg_proc where pronamespace in ('public'::regnamespace, 'private'::regnamespace)) as functions`;
  await sql.end();
  console.log(
    `figures: ${files.length} files, ${covered?.["tables"]} tables and ${covered?.["functions"]} SQL functions`,
  );
});
