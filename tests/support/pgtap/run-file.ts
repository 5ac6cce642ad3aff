import { basename } from "node:path";
import postgres from "postgres";
import { IncludeError, readScript, type Script } from "./script.ts";
import { readTap } from "./tap.ts";

/** The result of one test file. */
export interface FileReport {
  file: string;
  ok: boolean;
  assertions: number;
  /** Each failed assertion with pgTAP's explanation. */
  failures: string[];
  /** Everything else that is wrong: an SQL error, a plan that does not match, no assertion. */
  problems: string[];
  milliseconds: number;
}

/**
 * Runs one pgTAP file against a database, on its own connection, with the search path of the platform.
 *
 * The file has its own transaction, `begin; … rollback;`, as `supabase test db` requires. A file without one would change
 * the database and is not run. A line `\ir file` includes the text of that file, as in psql.
 */
export async function runTestFile(databaseUrl: string, path: string): Promise<FileReport> {
  const started = performance.now();
  const { output, problems } = await runScript(databaseUrl, path);
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

interface Output {
  output: string;
  problems: string[];
}

async function runScript(databaseUrl: string, path: string): Promise<Output> {
  try {
    const script = await readScript(path);
    if (isOneTransaction(script.text)) return await execute(databaseUrl, script);
    const problem = 'The file is not one transaction: it must begin with "begin;" and end with "rollback;"';
    return { output: "", problems: [problem] };
  } catch (error) {
    if (!(error instanceof IncludeError)) throw error;
    return { output: "", problems: [error.message] };
  }
}

function isOneTransaction(text: string): boolean {
  const statements = text.replace(/--.*$/gm, "").trim().toLowerCase();
  return statements.startsWith("begin;") && statements.endsWith("rollback;") && !/(^|;)\s*commit\b/.test(statements);
}

/** Collects the first column of every row, which is TAP for pgTAP's functions, until the end or the first SQL error. */
async function execute(databaseUrl: string, script: Script): Promise<Output> {
  const lines: string[] = [];
  const sql = postgres(databaseUrl, {
    max: 1,
    onnotice: () => {},
    // A function that never ends fails its file instead of holding the run.
    connection: { search_path: '"$user", public, extensions', statement_timeout: 120_000 },
  });
  try {
    await sql.unsafe(script.text).simple().forEach((row) => {
      const [first] = Object.values(row);
      if (typeof first === "string" && first !== "") lines.push(first);
    });
    return { output: lines.join("\n"), problems: [] };
  } catch (error) {
    return { output: lines.join("\n"), problems: [describeError(error, script, lines)] };
  } finally {
    await sql.end();
  }
}

function describeError(error: unknown, script: Script, lines: string[]): string {
  if (!(error instanceof postgres.PostgresError)) throw error;
  const where = error.position === undefined ? "" : `, ${placeOf(script, Number(error.position))}`;
  const last = lines.findLast((each) => /^(not )?ok /.test(each))?.split("\n")[0];
  const after = last === undefined ? "before the first assertion" : `after "${last}"`;
  return `SQL error ${error.code}${where}, ${after}: ${error.message}`;
}

/** The line in the original file, which is the test file or an included file. Postgres counts characters from 1. */
function placeOf({ text, origins }: Script, position: number): string {
  const { file, line } = origins[text.slice(0, position - 1).split("\n").length - 1]!;
  return file === origins[0]!.file ? `line ${line}` : `line ${line} of ${file}`;
}
