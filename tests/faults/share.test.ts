import assert from "node:assert/strict";
import { openWorlds, type Worlds } from "./harness/worlds.ts";
import { describeHistories, runHistories } from "./histories/run.ts";
import { describeMatrix, runMatrix } from "./matrix/run.ts";

/** A share of what `deno task test:faults` plays: other cells and other histories with every run. */
const EVERY = 16;
const HISTORIES = 150;

let opened: Worlds;
Deno.test.beforeAll(async () => {
  opened = await openWorlds(3);
});
Deno.test.afterAll(async () => await opened[Symbol.asyncDispose]());
const tell = (line: string) => console.log(line);
const seed = Math.floor(Math.random() * 2 ** 31);

Deno.test("whatever fails at whichever call, each tenant ends with what they are entitled to", async () => {
  const report = await runMatrix({ worlds: opened.worlds, every: EVERY, offset: seed, tell });
  console.log(`figures: ${describeMatrix(report)}`);
  assert.deepEqual(report.violations, []);
  assert.ok(report.cells - report.missed > 150, `${report.cells - report.missed} cells are too few to prove anything`);
});

Deno.test("whatever happens in whichever order, each tenant ends with what they are entitled to", async () => {
  console.log(`Random histories from seed ${seed}`);
  const report = await runHistories({ worlds: opened.worlds, runs: HISTORIES, seed, tell });
  console.log(`figures: ${describeHistories(report)}`);
  assert.deepEqual(report.failures, []);
  assert.ok(report.created > HISTORIES / 2, `${report.created} accounts are too few to prove anything`);
});
