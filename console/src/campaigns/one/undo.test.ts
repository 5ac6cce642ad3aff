import assert from "node:assert/strict";
import fc from "fast-check";
import { knownForMs, undoOf } from "./undo.ts";

const CREATED = "2026-11-27T12:00:00.000Z";
const at = (seconds: number) => new Date(Date.parse(CREATED) + seconds * 1000).toISOString();
const NONE = { waiting: 3, inFlight: 0, sent: 0, delivered: 0, failed: 0, unknown: 0, skipped: 0 };
const campaign = {
  status: "scheduled",
  scheduledAt: at(10),
  createdAt: CREATED,
  startedAt: null,
  counts: NONE,
  total: 3,
} as const;

Deno.test("a scheduled campaign can be undone until the server begins, by any clock of the browser", () => {
  fc.assert(fc.property(fc.integer({ min: -1e9, max: 1e9 }), (seenMs) => {
    const undo = undoOf(campaign, seenMs);
    assert.ok(undo.kind === "open" || undo.kind === "starting");
    if (undo.kind === "open") assert.ok(undo.seconds >= 1 && undo.seconds <= 10);
    for (const status of ["running", "paused", "completed"] as const) {
      assert.equal(undoOf({ ...campaign, status }, seenMs).kind, "over");
    }
  }));
});

Deno.test("the countdown falls from ten, and a campaign for later has none", () => {
  assert.deepEqual(
    [0, 1, 4_500, 9_999].map((ms) => undoOf(campaign, ms)),
    [10, 10, 6, 1].map((seconds) => ({ kind: "open", seconds })),
  );
  assert.deepEqual(undoOf(campaign, 10_000), { kind: "starting" });
  for (const scheduledAt of [null, at(3_600), at(-60)]) {
    assert.equal(undoOf({ ...campaign, scheduledAt }, 0).kind, "over");
  }
});

Deno.test("it counts as undone only when nothing was sent", () => {
  const canceled = { ...campaign, status: "canceled" } as const;
  assert.equal(undoOf({ ...canceled, counts: { ...NONE, waiting: 0, skipped: 3 } }, 0).kind, "undone");
  assert.equal(
    undoOf({ ...canceled, counts: { ...NONE, waiting: 0, sent: 1, skipped: 2 }, startedAt: at(11) }, 0).kind,
    "over",
  );
});

Deno.test("after a reload the clock says how much is left, unless it is wrong", () => {
  const now = Date.parse(at(4));
  assert.equal(knownForMs(CREATED, now, now), 4_000);
  assert.equal(knownForMs(CREATED, now - 3_600_000, now - 3_600_000), 0);
  assert.equal(knownForMs(CREATED, now + 3_600_000 - 1_000, now + 3_600_000), 1_000);
});
