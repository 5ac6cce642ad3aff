import assert from "node:assert/strict";
import { ownStage, test } from "../support/stage.ts";
import { describeFuzz, fuzz } from "./fuzz.ts";

/** FUZZ_REQUESTS and FUZZ_SEED set the number of requests and the seed. The default is 1,000 requests with a random seed. */
const requests = Number(Deno.env.get("FUZZ_REQUESTS") ?? 1_000);
const seed = Number(Deno.env.get("FUZZ_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** A body may not stop the process that also serves other tenants. */
const NEIGHBOURS_PATIENCE_MS = 4_000;

const { stage } = ownStage({ env: { RATE_LIMIT_FACTOR: "1000000", MASTER_FALLBACK: "on", ALLOWED_ORIGINS: "*" } });

test("no request gets a 5xx, a late response, a malformed error or access it has no right to, or keeps a neighbour waiting", async () => {
  const report = await fuzz(stage, { requests, seed });
  console.log(`figures: ${describeFuzz(report, seed)}`);
  assert.deepEqual(report.failures, [], `seed ${seed}`);
  assert.deepEqual(report.violations, [], `seed ${seed}`);
  assert.ok(report.requests >= requests);
  assert.ok(
    report.neighbourWaited < NEIGHBOURS_PATIENCE_MS,
    `seed ${seed}: a neighbour waited ${report.neighbourWaited} ms`,
  );
  const accepted = [...report.statuses].filter(([status]) => status < 400).reduce((sum, [, times]) => sum + times, 0);
  assert.ok(accepted > requests / 10, `only ${accepted} requests were accepted`);
});
