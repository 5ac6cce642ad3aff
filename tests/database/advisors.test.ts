import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { runSupabaseCli } from "../../local/database/supabase-cli.ts";
import { startTestDatabase } from "../support/test-database.ts";

const projectDir = fileURLToPath(new URL("../..", import.meta.url));

/** Runs Supabase's advisors on a database. @throws Error with their report when there is a warning or an error */
function advise(databaseUrl: string): Promise<string> {
  return runSupabaseCli(["db", "advisors", "--level", "warn", "--fail-on", "warn", "-o", "json"], {
    projectDir,
    databaseUrl,
  });
}

Deno.test("Supabase's advisors report no warning after the migrations, and report an open table", async () => {
  await using database = await startTestDatabase();
  await advise(database.url);

  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql.unsafe("create table public.open_to_all (id int primary key); grant select on public.open_to_all to anon;");
  await sql.end();
  await assert.rejects(advise(database.url), /rls_disabled_in_public[^]*open_to_all/);
});
