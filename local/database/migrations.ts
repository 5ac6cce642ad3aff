import { join } from "node:path";
import type postgres from "postgres";
import { fileExists } from "../files.ts";
import { runSupabaseCli } from "./supabase-cli.ts";

/** Applies those files of `<projectDir>/supabase/migrations` that the database has not seen, with the Supabase CLI. */
export async function applyMigrations(projectDir: string, databaseUrl: string): Promise<void> {
  try {
    await runSupabaseCli(["migration", "up"], { projectDir, databaseUrl });
  } catch (error) {
    throw new Error(`Cannot apply the migrations: ${error instanceof Error ? error.message : error}`);
  }
}

/** Tells whether there is a migration that the database has not seen. Asking costs less than starting the CLI for nothing. */
export async function hasNewMigrations(projectDir: string, sql: postgres.Sql): Promise<boolean> {
  const folder = join(projectDir, "supabase", "migrations");
  if (!await fileExists(folder)) return false;
  const versions = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name.match(/^(\d+)_.*\.sql$/)?.[1]);
  const rows = await sql<{ version: string }[]>`select version from supabase_migrations.schema_migrations`;
  const applied = new Set(rows.map(({ version }) => version));
  return versions.some((version) => version !== undefined && !applied.has(version));
}
