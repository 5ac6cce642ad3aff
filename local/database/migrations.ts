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

/** Says that a database was made by migrations that the project does not have, or no longer has. */
export class ForeignMigrationsError extends Error {
  override readonly name = "ForeignMigrationsError";

  constructor(versions: readonly string[], dataDir: string) {
    super(
      `Cannot use the data in "${dataDir}": its database has migrations that this checkout does not have ` +
        `(${versions.slice(0, 3).join(", ")}${versions.length > 3 ? ", …" : ""}); remove that folder, or choose ` +
        "another with --data DIR",
    );
  }
}

/**
 * Tells whether there is a migration that the database has not seen. Asking costs less than starting the CLI for nothing.
 * @throws ForeignMigrationsError where the database has seen one that is not there
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
