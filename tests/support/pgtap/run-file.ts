import { basename } from "node:path";
import postgres from "postgres";
import { readTap } from "./tap.ts";

/** How one test file went. */
export interface FileReport {
  file: string;
  ok: boolean;
  assertions: number;
  /** Each failed assertion with pgTAP's explanation of it. */
  failures: string[];
  /** What else is wrong: an SQL error, a plan that was not kept, no assertion. */
  problems: string[];
  milliseconds: number;
}

/**
 * Runs one pgTAP file against a database, on a connection of its own, with the search path of the platform.
 *
 * The file brings its own transaction, `begin; … rollback;`, as `supabase test db` wants it; one that does not would change
 * the database and is not run.
 */
export async function runTestFile(databaseUrl: string, path: string): Promise<FileReport> {
  const started = performance.now();
  const text = await Deno.readTextFile(path);
  const { output, problems } = isOneTransaction(text) ? await execute(databaseUrl, text) : {
    output: "",
    problems: ['The file is not one transaction: it must begin with "begin;" and end with "rollback;"'],
  };
  const outcome = readTap(output);
  const allProblems = [...problems, ...outcome.problems];
  return {
    file: basename(path),
    ok: allProblems.length === 0 && outcome.failures.length === 0,
    assertions: outcome.assertions,
    failures: outcome.failures,
    problems: allProblems,
    milliseconds: performance.now() - started,
  };
}

function isOneTransaction(text: string): boolean {
  const statements = text.replace(/--.*$/gm, "").trim().toLowerCase();
  return statements.startsWith("begin;") && statements.endsWith("rollback;") && !/(^|;)\s*commit\b/.test(statements);
}

/** Collects the first column of every row, which for pgTAP's functions is TAP, until the end or the first SQL error. */
async function execute(databaseUrl: string, text: string): Promise<{ output: string; problems: string[] }> {
  const lines: string[] = [];
  const sql = postgres(databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { search_path: '"$user", public, extensions' },
  });
  try {
    await sql.unsafe(text).simple().forEach((row) => {
      const [first] = Object.values(row);
      if (typeof first === "string" && first !== "") lines.push(first);
    });
    return { output: lines.join("\n"), problems: [] };
  } catch (error) {
    return { output: lines.join("\n"), problems: [describeError(error, text, lines)] };
  } finally {
    await sql.end();
  }
}

function describeError(error: unknown, text: string, lines: string[]): string {
  if (!(error instanceof postgres.PostgresError)) throw error;
  const line = error.position === undefined ? "" : `, line ${lineAt(text, Number(error.position))}`;
  const last = lines.findLast((each) => /^(not )?ok /.test(each))?.split("\n")[0];
  const after = last === undefined ? "before the first assertion" : `after "${last}"`;
  return `SQL error ${error.code}${line}, ${after}: ${error.message}`;
}

/** Postgres counts characters from 1. */
function lineAt(text: string, position: number): number {
  return text.slice(0, position - 1).split("\n").length;
}
