import { join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { startTestDatabase } from "../support/test-database.ts";

const MIGRATIONS = fileURLToPath(new URL("../../supabase/migrations", import.meta.url));

export interface BareProject extends AsyncDisposable {
  /** The superuser's URL of a database with the platform's objects and none of ours, to be copied. */
  url: string;
}

/** Starts a server with the database of a new Supabase project. */
export async function startBareProject(): Promise<BareProject> {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-bare-" });
  await Deno.mkdir(join(folder, "supabase", "migrations"), { recursive: true });
  await Deno.writeTextFile(join(folder, "supabase", "config.toml"), 'project_id = "bare"\n');
  const database = await startTestDatabase({ projectDir: folder });
  return {
    url: database.url,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Applies our migrations as the platform does, each in a transaction, and returns the warnings they raised. */
export async function applyOurMigrations(databaseUrl: string): Promise<string[]> {
  const warnings: string[] = [];
  const sql = postgres(databaseUrl, {
    max: 1,
    onnotice: ({ severity, message }) => severity === "WARNING" && warnings.push(message ?? ""),
  });
  try {
    const names = await Array.fromAsync(Deno.readDir(MIGRATIONS), ({ name }) => name);
    for (const name of names.filter((each) => each.endsWith(".sql")).sort()) {
      const text = await Deno.readTextFile(join(MIGRATIONS, name));
      await sql.begin((transaction) => transaction.unsafe(text));
    }
    return warnings;
  } finally {
    await sql.end();
  }
}

/** Runs `work` in a transaction as an API role, with the claims of a user. */
export function actAs<Result>(
  sql: postgres.Sql,
  role: "anon" | "authenticated" | "service_role",
  userId: string | null,
  work: (transaction: postgres.TransactionSql) => Promise<Result>,
) {
  return sql.begin(async (transaction) => {
    const claims = JSON.stringify({ role, ...(userId !== null && { sub: userId }) });
    await transaction`select set_config('role', ${role}, true), set_config('request.jwt.claims', ${claims}, true)`;
    return await work(transaction);
  });
}
