/**
 * Runs the pgTAP files of `supabase/tests`, which `supabase test db` runs in Docker.
 *
 *     deno run -A tests/support/pgtap.ts [--db URL] [files…]
 *
 * Without `--db` it starts a database of its own. Exits with 1 when an assertion fails, a plan does not match, a statement
 * fails, or a file has no assertion.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type FileReport, runTestFile } from "./pgtap/run-file.ts";
import { startTestDatabase } from "./test-database.ts";

export { type FileReport, runTestFile };

const TESTS = fileURLToPath(new URL("../../supabase/tests", import.meta.url));

/** The paths of all `*.test.sql` in a folder, in the order of their names. */
export async function findTestFiles(folder: string = TESTS): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const names = entries.map(({ name }) => name).filter((name) => name.endsWith(".test.sql")).sort();
  if (names.length === 0) throw new Error(`Cannot run pgTAP: "${folder}" has no file *.test.sql`);
  return names.map((name) => join(folder, name));
}

/** One line for a file that passed. For a file that failed, the failures and problems are listed below it. */
export function describeReport({ file, ok, assertions, failures, problems, milliseconds }: FileReport): string {
  const head = `${ok ? "ok  " : "FAIL"} ${file}: ${assertions} assertions, ${Math.round(milliseconds)} ms`;
  return [head, ...[...problems, ...failures].map((text) => text.replace(/^/gm, "     "))].join("\n");
}

/** Runs each file as a step of a Deno test. A step fails with the failures of its file. */
export async function stepThroughFiles(test: Deno.TestContext, databaseUrl: string, files: string[]): Promise<void> {
  for (const path of files) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    await test.step(name, async () => {
      const report = await runTestFile(databaseUrl, path);
      if (!report.ok) throw new Error(describeReport(report));
    });
  }
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: { db: { type: "string" } }, allowPositionals: true });
  await using own = values.db === undefined ? await startTestDatabase() : null;
  const url = values.db ?? own!.url;
  const reports: FileReport[] = [];
  for (const path of positionals.length > 0 ? positionals : await findTestFiles()) {
    const report = await runTestFile(url, path);
    reports.push(report);
    console.log(describeReport(report));
  }
  const failed = reports.filter(({ ok }) => !ok).length;
  const assertions = reports.reduce((sum, report) => sum + report.assertions, 0);
  console.log(
    `${reports.length} files, ${assertions} assertions, ${failed === 0 ? "all passed" : `${failed} files failed`}`,
  );
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
