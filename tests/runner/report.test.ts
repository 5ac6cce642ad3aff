import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { onlyThese, reportOf } from "./report.ts";
import { runDeno } from "./run-deno.ts";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const SEED_FILE = fileURLToPath(new URL("../support/seed.ts", import.meta.url));

/** Runs test files, given by their name and text, with one seed. */
async function run(files: Readonly<Record<string, string>>, ...args: string[]) {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-report-" });
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
    const { output } = await runDeno([
      "test",
      "-A",
      "--no-check",
      `--config=${CONFIG}`,
      `--preload=${SEED_FILE}`,
      ...args,
      folder,
    ], {
      TEST_SEED: "20261127",
    }, () => {});
    return { report: reportOf(output), output };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const UNSTEADY = {
  "one.test.ts": `
    Deno.test("a tenant (or a neighbour) pays $5.00 a/b [once]", () => { console.log("x => ./y:1:2"); throw new Error("a => ./b:1:1"); });
    Deno.test("a tenant pays", () => {});`,
  "two.test.ts": `
    Deno.test("with steps", async (t) => { await t.step("the first", () => { throw new Error("step"); }); });
    Deno.test("waits", () => new Promise((resolve) => setTimeout(resolve, 1100)));`,
};

Deno.test("the report of a run names the failed tests and how long each took, and they can be run again alone", async () => {
  const { report, output } = await run(UNSTEADY);
  assert.equal(report?.passed, 2, output);
  const failed = ["a tenant (or a neighbour) pays $5.00 a/b [once]", "with steps"];
  assert.deepEqual(report.failedTitles, failed);
  const waiting = report.durations.find(({ title }) => title === "waits");
  assert.ok(waiting !== undefined && waiting.seconds >= 1, output);
  const again = await run(UNSTEADY, onlyThese(failed));
  assert.equal(again.report?.passed, 0);
  assert.deepEqual(again.report.failedTitles, failed);
});

Deno.test("a file that cannot be loaded is a failure without a title, so that its suite is run again as a whole", async () => {
  const { report, output } = await run({ ...UNSTEADY, "three.test.ts": `throw new Error("not loaded");` });
  assert.ok(report !== null && report.failed > 0, output);
  assert.equal(report.failedTitles, null);
});

Deno.test("properties of all files begin with the seed of the run", async () => {
  const property = `
    import fc from "fast-check";
    Deno.test("draws", () => console.log("drawn:", fc.sample(fc.nat(), 5).join()));`;
  const drawn = async () =>
    [...(await run({ "a.test.ts": property, "b.test.ts": property })).output.matchAll(/drawn: (.*)/g)]
      .map(([, numbers]) => numbers);
  const [first, second] = [await drawn(), await drawn()];
  assert.equal(first.length, 2);
  assert.equal(new Set([...first, ...second]).size, 1);
});
