import { join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { CleanUps } from "../../local/clean-ups.ts";
import { openDatabase } from "../../local/database/database.ts";
import { makeHomes } from "../../local/homes.ts";
import type { Log } from "../../local/log.ts";
import { freePort } from "../../local/ports.ts";
import { postgresAccount } from "../../local/postgres/account.ts";
import { openSecrets } from "../../local/secrets.ts";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** A Postgres server with the database of a project, without the rest of the stack. Removed at the end of the scope. */
export interface TestDatabase extends AsyncDisposable {
  /** The superuser's address. */
  url: string;
}

export interface TestDatabaseOptions {
  /** The folder with `supabase/`. By default this checkout. */
  projectDir?: string;
  log?: Log;
}

/** Starts a Postgres server on a free port and prepares its database as for an ephemeral stack. Takes about a second. */
export async function startTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { projectDir = CHECKOUT, log = () => {} } = options;
  const cleanUps = new CleanUps();
  try {
    const account = await postgresAccount(log);
    const homes = await makeHomes({ projectDir, ephemeral: true, dataDir: undefined, account });
    cleanUps.add(() => removeIfThere(homes.data));
    const database = await openDatabase({ homes, projectDir, account, port: freePort(), log });
    const server = await database.start(await openSecrets(join(homes.data, "secrets.json")));
    cleanUps.add(() => server.stop());
    return { url: server.url, [Symbol.asyncDispose]: () => cleanUps.run() };
  } catch (error) {
    await cleanUps.run();
    throw error;
  }
}

/** Copies the database of a server without an open connection to it, and returns the copy's address. */
export async function copyDatabase(url: string, name: string): Promise<string> {
  const copy = new URL(url);
  const original = copy.pathname.slice(1);
  copy.pathname = `/${name}`;
  const maintenance = new URL(url);
  maintenance.pathname = "/template1";
  const sql = postgres(maintenance.href, { max: 1, onnotice: () => {} });
  try {
    await sql`create database ${sql(name)} template ${sql(original)}`;
    // A database setting that a copy does not inherit; see platform.sql.
    await sql.unsafe(`alter database ${name} set search_path to "$user", public, extensions`);
  } finally {
    await sql.end();
  }
  return copy.href;
}

async function removeIfThere(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
