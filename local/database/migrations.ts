import { join } from "node:path";
import type postgres from "postgres";
import { fileExists } from "../files.ts";
import { runSupabaseCli } from "./supabase-cli.ts";

/** Applies the pending files of `<projectDir>/supabase/migrations` with the Supabase CLI. */
export async function applyMigrations(projectDir: string, databaseUrl: string): Promise<void> {
  try {
    await runSupabaseCli(["migration", "up"], { projectDir, databaseUrl });
  } catch (error) {
    throw new Error(`Cannot apply the migrations: ${error instanceof Error ? error.message : error}`);
  }
}

/** The database has migrations that the project does not have. */
export class ForeignMigrationsError extends Error {
  override readonly name = "ForeignMigrationsError";

  constructor(versions: readonly string[], dataDir: string) {
    super(
      `Cannot use the data folder "${dataDir}": its database has migrations that this checkout does not have ` +
        `(${versions.slice(0, 3).join(", ")}${versions.length > 3 ? ", …" : ""}); remove the folder or set ` +
        "another one with --data DIR",
    );
  }
}

/**
 * Returns whether the project has pending migrations. The query is faster than a start of the CLI.
 * @throws ForeignMigrationsError if the database has a migration that the project does not have
 */
export async function hasNewMigrations(projectDir: string, sql: postgres.Sql, dataDir: string): Promise<boolean> {
  const folder = join(projectDir, "supabase", "migrations");
  if (!await fileExists(folder)) return false;
  const versions = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name.match(/^(\d+)_.*\.sql$/)?.[1]);
  const rows = await sql<{ version: string }[]>`select version from supabase_migrations.schema_migrations`;
  const foreign = rows.map(({ version }) => version).filter((version) => !versions.includes(version));
  if (foreign.length > 0) throw new ForeignMigrationsError(foreign.sort(), dataDir);
  const applied = new Set(rows.map(({ version }) => version));
  return versions.some((version) => version !== undefined && !applied.has(version));
}
