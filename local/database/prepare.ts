import { createHash } from "node:crypto";
import { join } from "node:path";
import postgres from "postgres";
import { fileExists } from "../files.ts";
import { type Log, timed } from "../log.ts";
import type { StackSecrets } from "../secrets.ts";
import { openDataApi } from "./data-api.ts";
import { DEMO_PASSWORD, demoUsers, signUpDemoUsers } from "./demo-users.ts";
import { applyMigrations, hasNewMigrations } from "./migrations.ts";

export interface PrepareOptions {
  /** A superuser connection string. */
  url: string;
  projectDir: string;
  /** The data folder, for error messages. */
  dataDir: string;
  secrets: StackSecrets;
  log: Log;
}

export const PLATFORM_SQL = new URL("./platform.sql", import.meta.url);
export const AUTH_HELPERS_SQL = new URL("./auth-helpers.sql", import.meta.url);

/**
 * Prepares a database: creates the platform's objects, applies pending migrations, and once per database signs up the
 * demo users and applies `supabase/seed.sql`. Continues a preparation that was interrupted.
 */
export async function prepareDatabase({ url, projectDir, dataDir, secrets, log }: PrepareOptions): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const api = openDataApi({ databaseUrl: url, ...secrets, tokenLifetime: 3600, log });
  try {
    await timed(log, "Created the platform's database objects", async () => {
      await sql.unsafe(await Deno.readTextFile(PLATFORM_SQL));
      await api.makeAuthTables();
      await sql.unsafe(await Deno.readTextFile(AUTH_HELPERS_SQL));
    });
    if (await hasNewMigrations(projectDir, sql, dataDir)) {
      await timed(log, "Applied the migrations", () => applyMigrations(projectDir, url));
    }
    if (await isSeeded(sql)) return;
    await timed(log, "Signed up the demo users", async () => {
      await signUpDemoUsers(demoUsers(DEMO_PASSWORD), api, secrets.publishableKey, sql);
    });
    await timed(log, `Applied ${SEED}`, () => seed(sql, projectDir));
  } finally {
    await Promise.all([sql.end(), api.close()]);
  }
}

const SEED = "supabase/seed.sql";

/** Returns whether the seed was applied, from the table in which the Supabase CLI also records applied seeds. */
async function isSeeded(sql: postgres.Sql): Promise<boolean> {
  const rows = await sql`select from supabase_migrations.seed_files where path = ${SEED}`;
  return rows.length > 0;
}

/**
 * Applies the seed and records it, in one transaction. A project without a seed file is recorded too, so that the demo
 * users are signed up only once.
 */
async function seed(sql: postgres.Sql, projectDir: string): Promise<void> {
  const file = join(projectDir, SEED);
  const text = await fileExists(file) ? await Deno.readTextFile(file) : "";
  await sql.begin(async (transaction) => {
    await transaction.unsafe(text);
    const hash = createHash("sha256").update(text).digest("hex");
    await transaction`insert into supabase_migrations.seed_files (path, hash) values (${SEED}, ${hash})`;
  });
}
