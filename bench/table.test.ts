import assert from "node:assert/strict";
import { collect, exitCode, formatTable, isMet, type Row } from "./table.ts";

const MET: Row = { measure: "a send beside bare", value: 1.05, goal: { atMost: 1.1 } };
const MISSED: Row = { measure: "HOT share", figures: "3 of 4", value: 75, unit: "%", goal: { atLeast: 90 } };
const SIZE: Row = { measure: "a page", value: 213.648, unit: "KB", goal: { atMost: 240 } };
const WITHOUT_GOAL: Row = { measure: "a send beside the original's", value: 9 };

Deno.test("the table shows each row's ratio and goal, and names a missed goal", () => {
  assert.equal(
    formatTable([MET, MISSED, SIZE, WITHOUT_GOAL]),
    [
      "| measure                      |    ratio |       goal | met |",
      "|------------------------------|----------|------------|-----|",
      "| a send beside bare           |   1.05 × |   ≤ 1.10 × | yes |",
      "| HOT share (3 of 4)           |     75 % |     ≥ 90 % | NO  |",
      "| a page                       | 213.6 KB | ≤ 240.0 KB | yes |",
      "| a send beside the original's |   9.00 × |            |     |",
    ].join("\n"),
  );
});

Deno.test("the exit code is 1 when a goal is missed, and 0 when all are met", () => {
  assert.equal(exitCode([MET, WITHOUT_GOAL]), 0);
  assert.equal(exitCode([MET, MISSED]), 1);
  assert.equal(exitCode([]), 1);
});

Deno.test("a goal is met at its limit, and never by a value that could not be measured", () => {
  assert.equal(isMet({ ...MET, value: 1.1 }), true);
  assert.equal(isMet({ ...MISSED, value: 90 }), true);
  assert.equal(isMet({ ...MET, value: NaN }), false);
  assert.equal(isMet({ ...MISSED, value: NaN }), false);
});

Deno.test("a group that fails becomes a row that is not met, beside the rows of the other groups", async () => {
  const rows = await collect({
    sends: () => Promise.reject(new Error("no stack")),
    imports: () => Promise.resolve([MET]),
  });
  assert.deepEqual(rows, [{ measure: "sends: no stack", value: NaN }, MET]);
  assert.equal(exitCode(rows), 1);
  assert.match(formatTable(rows), /sends: no stack +\| not measured \| +\| NO/);
});
