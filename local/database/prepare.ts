import { createHash } from "node:crypto";
import { join } from "node:path";
import postgres from "postgres";
import { fileExists } from "../files.ts";
import { type Log, timed } from "../log.ts";
import type { StackSecrets } from "../secrets.ts";
import { openDataApi } from "./data-api.ts";
import { demoUsers, signUpDemoUsers } from "./demo-users.ts";
import { applyMigrations, hasNewMigrations } from "./migrations.ts";

export interface PrepareOptions {
  /** The superuser's address. */
  url: string;
  projectDir: string;
  /** Where the data is, for errors that tell what to do about it. */
  dataDir: string;
  secrets: StackSecrets;
  log: Log;
}

export const PLATFORM_SQL = new URL("./platform.sql", import.meta.url);
export const AUTH_HELPERS_SQL = new URL("./auth-helpers.sql", import.meta.url);

/**
 * Brings a database to where the project wants it: what the platform gives, the migrations that are new, and once in its life
 * the demo users and `supabase/seed.sql`, in this order. Takes up where a preparation was cut short.
 */
export async function prepareDatabase({ url, projectDir, dataDir, secrets, log }: PrepareOptions): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const api = openDataApi({ databaseUrl: url, ...secrets, tokenLifetime: 3600, log });
  try {
    await timed(log, "Made what the platform gives a database", async () => {
      await sql.unsafe(await Deno.readTextFile(PLATFORM_SQL));
      await api.makeAuthTables();
      await sql.unsafe(await Deno.readTextFile(AUTH_HELPERS_SQL));
    });
    if (await hasNewMigrations(projectDir, sql, dataDir)) {
      await timed(log, "Applied the migrations", () => applyMigrations(projectDir, url));
    }
    if (await isSeeded(sql)) return;
    await timed(log, "Signed up the demo users", async () => {
      await signUpDemoUsers(demoUsers(secrets.demoPassword), api, secrets.publishableKey, sql);
    });
    await timed(log, `Applied ${SEED}`, () => seed(sql, projectDir));
  } finally {
    await Promise.all([sql.end(), api.close()]);
  }
}

const SEED = "supabase/seed.sql";

/** Asks the table in which the Supabase CLI, too, remembers the seeds it has sown. */
async function isSeeded(sql: postgres.Sql): Promise<boolean> {
  const rows = await sql`select from supabase_migrations.seed_files where path = ${SEED}`;
  return rows.length > 0;
}

/** Sows the seed and remembers it, both or neither. A project without a seed is remembered too, for its demo users. */
async function seed(sql: postgres.Sql, projectDir: string): Promise<void> {
  const file = join(projectDir, SEED);
  const text = await fileExists(file) ? await Deno.readTextFile(file) : "";
  await sql.begin(async (transaction) => {
    await transaction.unsafe(text);
    const hash = createHash("sha256").update(text).digest("hex");
    await transaction`insert into supabase_migrations.seed_files (path, hash) values (${SEED}, ${hash})`;
  });
}
