import assert from "node:assert/strict";
import fc from "fast-check";
import { Constants } from "../../../../supabase/functions/_shared/database.types.ts";
import { counted, DUE_WORK, dueWorkInWords, LANES, lateInWords, LEVELS } from "./words.ts";

const MIGRATION = new URL("../../../../supabase/migrations/20261126000200_jobs_and_schedules.sql", import.meta.url);

Deno.test("every lane, level and kind of due work has words", async () => {
  assert.deepEqual(Object.keys(LANES).sort(), [...Constants.public.Enums.job_lane].sort());
  assert.deepEqual(Object.keys(LEVELS).sort(), [...Constants.public.Enums.sweep_level].sort());
  // The enum is a private one, which the generated types do not have. A token's rotation is not in the health.
  const [, values] = /create type private\.due_kind as enum \(([^)]*)\)/.exec(await Deno.readTextFile(MIGRATION))!;
  const kinds = [...values!.matchAll(/'(\w+)'/g)].map(([, kind]) => kind!).filter((kind) => kind !== "token_rotation");
  assert.deepEqual(Object.keys(DUE_WORK).sort(), kinds.sort());
  assert.equal(dueWorkInWords("some_new_work"), "Some new work");
});

Deno.test("a count that stopped says so, and lateness is never negative or empty", () => {
  assert.equal(counted({ count: 1000, isMore: true }), "1,000+");
  assert.equal(counted({ count: 7, isMore: false }), "7");
  for (const none of [null, 0, 0.4]) assert.equal(lateInWords(none), "on time");
  fc.assert(fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seconds) => {
    assert.match(lateInWords(seconds), /^late by [1-9]\d* (second|minute|hour|day)s?$/);
  }));
});
