import assert from "node:assert/strict";
import { SEED } from "../support/seed.ts";
import { ownStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";
import { describeFuzz, fuzz } from "./fuzz.ts";

/** FUZZ_REQUESTS sets the number of requests. */
const requests = Number(Deno.env.get("FUZZ_REQUESTS") ?? 1_000);

/** A body may not stop the process that also serves other tenants. */
const NEIGHBOURS_PATIENCE_MS = 4_000;

const WEBHOOK = `twilio-webhook/status/${crypto.randomUUID()}`;
const FORGED = { "x-twilio-signature": `${"A".repeat(27)}=` };

const { stage } = ownStage({ env: { RATE_LIMIT_FACTOR: "1000000", MASTER_FALLBACK: "on", ALLOWED_ORIGINS: "*" } });

test("no request gets a 5xx, a late response, a malformed error or access it has no right to, or keeps a neighbour waiting", async () => {
  const report = await fuzz(stage, { requests, seed: SEED });
  console.log(`figures: ${describeFuzz(report, SEED)}`);
  assert.deepEqual(report.failures, [], `seed ${SEED}`);
  assert.deepEqual(report.violations, [], `seed ${SEED}`);
  assert.ok(report.requests >= requests);
  assert.ok(
    report.neighbourWaited < NEIGHBOURS_PATIENCE_MS,
    `seed ${SEED}: a neighbour waited ${report.neighbourWaited} ms`,
  );
  const accepted = [...report.statuses].filter(([status]) => status < 400).reduce((sum, [, times]) => sum + times, 0);
  assert.ok(accepted > requests / 10, `only ${accepted} requests were accepted`);
});

const quotes = (count: number) => `"${'\\"'.repeat(count)}`;
const names = Array.from({ length: 40_000 }, (_, index) => `${index.toString(36)}=`).join("&");
/** Each row's value stands six hundred times in its text. */
const amplified = JSON.stringify({
  body: "{{a}}".repeat(600),
  recipients: Array.from({ length: 9_500 }, (_, index) => ({
    to: `+1415${2_000_000 + index}`,
    variables: { a: "x".repeat(800) },
  })),
  dryRun: true,
});

/** Requests that stopped the process for seconds or minutes, with their right answers. */
const ATTACKS: readonly {
  title: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  status: number;
}[] = [
  { title: "64 KB of quotes", path: "send-sms", headers: {}, body: quotes(32_000), status: 400 },
  { title: "128 KB of quotes", path: "send-bulk", headers: {}, body: quotes(64_000), status: 400 },
  { title: "a form of 40,000 names", path: WEBHOOK, headers: {}, body: names, status: 403 },
  { title: "the same with a signature", path: WEBHOOK, headers: FORGED, body: names, status: 413 },
  { title: "8 MB that become 5 GB", path: "send-bulk", headers: {}, body: amplified, status: 422 },
];

test("the bodies of an attack are refused at once, and a neighbour's request beside four of each is answered", async () => {
  const [attacker, neighbour] = await Promise.all([newcomer(stage, "attacker"), newcomer(stage, "neighbour")]);
  for (const { title, path, headers, body, status } of ATTACKS) {
    const attack = () => attacker.call(path, { method: "POST", headers, body });
    const attacks = Promise.all(Array.from({ length: 4 }, attack));
    const began = performance.now();
    assert.equal((await neighbour.call("list-numbers")).status, 200);
    const waited = performance.now() - began;
    assert.ok(waited < NEIGHBOURS_PATIENCE_MS, `${title}: a neighbour waited ${waited} ms`);
    assert.deepEqual((await attacks).map((answer) => answer.status), Array(4).fill(status), title);
  }
});
