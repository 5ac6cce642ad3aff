import assert from "node:assert/strict";
import { SEED } from "../support/seed.ts";
import { openWorlds, type Worlds } from "./harness/worlds.ts";
import { describeHistories, runHistories } from "./histories/run.ts";
import { describeMatrix, runMatrix } from "./matrix/run.ts";

/** A share of what `deno task test:faults` plays: different cells and histories in every run. */
const EVERY = 32;
const HISTORIES = 100;

let opened: Worlds;
Deno.test.beforeAll(async () => {
  opened = await openWorlds(3);
});
Deno.test.afterAll(async () => await opened[Symbol.asyncDispose]());
const tell = (line: string) => console.log(line);

Deno.test("each tenant ends with the account they are entitled to, whichever call fails and however", async () => {
  const report = await runMatrix({ worlds: opened.worlds, every: EVERY, offset: SEED, tell });
  console.log(`figures: ${describeMatrix(report)}`);
  assert.deepEqual(report.violations, []);
  assert.ok(report.cells - report.missed > 75, `${report.cells - report.missed} cells are too few`);
});

Deno.test("each tenant ends with the account they are entitled to, after any actions in any order", async () => {
  const report = await runHistories({ worlds: opened.worlds, runs: HISTORIES, seed: SEED, tell });
  console.log(`figures: ${describeHistories(report)}`);
  assert.deepEqual(report.failures, []);
  assert.ok(report.created > HISTORIES / 2, `${report.created} accounts are too few`);
});
