import assert from "node:assert/strict";
import { join } from "node:path";
import { describeReport, findTestFiles, runTestFile } from "./pgtap.ts";
import { startTestDatabase, type TestDatabase } from "./test-database.ts";

let database: TestDatabase;
let folder: string;

Deno.test.beforeAll(async () => {
  database = await startTestDatabase();
  folder = await Deno.makeTempDir({ prefix: "switchboard-pgtap-" });
});

Deno.test.afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

async function runText(text: string) {
  const path = join(folder, `${crypto.randomUUID()}.test.sql`);
  await Deno.writeTextFile(path, text);
  return await runTestFile(database.url, path);
}

const inTransaction = (statements: string) => `
-- a comment first
begin;
create extension if not exists pgtap with schema extensions;
${statements}
rollback;
`;

Deno.test("A file whose assertions pass and whose plan matches has no failures, and its assertions are counted", async () => {
  const report = await runText(
    inTransaction("select plan(2); select ok(true); select is(1, 1, 'one'); select * from finish();"),
  );
  assert.deepEqual([report.ok, report.assertions, report.failures, report.problems], [true, 2, [], []]);
});

Deno.test("A failed assertion is reported with the actual and the expected value", async () => {
  const report = await runText(
    inTransaction("select plan(2); select is(1, 2, 'one is two'); select ok(true); select * from finish();"),
  );
  assert.equal(report.ok, false);
  assert.equal(report.failures.length, 1);
  assert.match(report.failures[0]!, /not ok 1 - one is two[^]*have: 1[^]*want: 2/);
  assert.match(describeReport(report), /^FAIL .*: 2 assertions/);
});

Deno.test("A plan of more or fewer assertions than were made fails the file", async () => {
  for (const plan of [1, 3]) {
    const report = await runText(
      inTransaction(`select plan(${plan}); select ok(true); select ok(true); select * from finish();`),
    );
    assert.equal(report.ok, false, `plan(${plan})`);
    assert.ok(report.problems.length > 0);
  }
});

Deno.test("A file without assertions fails", async () => {
  for (const statements of ["select 1;", "select * from no_plan(); select * from finish();"]) {
    const report = await runText(inTransaction(statements));
    assert.equal(report.ok, false);
    assert.ok(report.problems.includes("No assertion was made"), report.problems.join());
  }
});

Deno.test("A skipped assertion fails the file", async () => {
  const report = await runText(
    inTransaction("select plan(2); select ok(true); select skip('later', 1); select * from finish();"),
  );
  assert.equal(report.ok, false);
  assert.match(report.problems.join(), /Skipped/);
});

Deno.test("An SQL error fails the file and is reported with its line and the assertion before it", async () => {
  const report = await runText(inTransaction("select plan(2); select ok(true, 'before');\nselect nothing_like_it();"));
  assert.equal(report.ok, false);
  assert.match(report.problems[0]!, /SQL error 42883, line 6, after "ok 1 - before": function nothing_like_it\(\)/);
});

Deno.test("A line \\ir includes the file it names, relative to its own, and errors have the line numbers of the original files", async () => {
  const helper = `helper-${crypto.randomUUID()}.psql`;
  const include = `\\ir ${helper}\n`;
  await Deno.writeTextFile(
    join(folder, helper),
    "-- A comment.\ncreate function pg_temp.one() returns integer return 1;\n",
  );
  const used = inTransaction(`${include}select plan(1); select is(pg_temp.one(), 1); select * from finish();`);
  assert.equal((await runText(used)).ok, true);

  const after = await runText(inTransaction(`${include}select plan(1);\nselect nothing_like_it();`));
  assert.match(after.problems[0]!, /SQL error 42883, line 7, before the first assertion/);

  await Deno.writeTextFile(join(folder, helper), "-- A comment.\nselect nothing_like_it();\n");
  const within = await runText(inTransaction(`${include}select plan(1);`));
  assert.match(within.problems[0]!, new RegExp(`SQL error 42883, line 2 of ${helper}, before the first assertion`));

  await Deno.writeTextFile(join(folder, helper), "commit;\n");
  assert.match((await runText(inTransaction(include))).problems[0]!, /not one transaction/);
});

Deno.test("A line \\ir that names a missing file fails the test file, and the error says where it is", async () => {
  const report = await runText(
    inTransaction("\\ir missing.psql\nselect plan(1); select ok(true); select * from finish();"),
  );
  assert.equal(report.ok, false);
  assert.match(report.problems[0]!, /^Cannot include "missing.psql" in .*\.test\.sql, line 5: /);
});

Deno.test("A file that is not one transaction is not run", async () => {
  const made = "create table public.left_behind (id int);";
  for (const text of [made, `begin; ${made}\ncommit;`, `begin; ${made}\ncommit; begin; rollback;`]) {
    const report = await runText(text);
    assert.equal(report.ok, false);
    assert.match(report.problems[0]!, /not one transaction/);
  }
  const after = await runText(
    inTransaction("select plan(1); select hasnt_table('left_behind'); select * from finish();"),
  );
  assert.equal(after.ok, true, describeReport(after));
});

Deno.test("The tests of the project are found in the order of their names", async () => {
  const files = await findTestFiles();
  assert.ok(files.length > 10);
  assert.deepEqual(files, files.toSorted());
});

Deno.test("The command line exits with 0 when all files pass and with 1 when one fails", async () => {
  const [good, bad] = [join(folder, "good.test.sql"), join(folder, "bad.test.sql")];
  await Deno.writeTextFile(good, inTransaction("select plan(1); select ok(true); select * from finish();"));
  await Deno.writeTextFile(bad, inTransaction("select plan(1); select ok(false, 'no good'); select * from finish();"));
  const run = async (...files: string[]) => {
    const program = new URL("./pgtap.ts", import.meta.url).href;
    const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", program, "--db", database.url, ...files] });
    const { code, stdout } = await command.output();
    return { code, text: new TextDecoder().decode(stdout) };
  };
  assert.deepEqual(await run(good).then(({ code }) => code), 0);
  const { code, text } = await run(good, bad);
  assert.equal(code, 1);
  assert.match(
    text,
    /ok {3}good.test.sql: 1 assertions[^]*FAIL bad.test.sql: 1 assertions[^]*no good[^]*1 files failed/,
  );
});
