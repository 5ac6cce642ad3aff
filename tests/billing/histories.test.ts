import assert from "node:assert/strict";
import fc from "fast-check";
import { SEED } from "../support/seed.ts";
import { startTestDatabase } from "../support/test-database.ts";
import { explained, play, type Round, type Violation } from "./round.ts";
import { story, told } from "./story.ts";
import { FATES } from "./verdict.ts";
import { BillingWorld, OURS } from "./world.ts";

const HISTORIES = Number(Deno.env.get("BILLING_HISTORIES") ?? "500");
/** Of the usual size, the histories are the same in every run, so that it fails because of a change. A larger run draws others. */
const FIRST_SEED = Deno.env.has("BILLING_HISTORIES") ? SEED : 1_022_024_502;
const AT_ONCE = Number(Deno.env.get("BILLING_AT_ONCE") ?? "250");
const SHRINKING_MS = 60_000;
/** From so many histories on, all that billing consists of must have happened. */
const MANY = 1000;

Deno.test("in random histories, every unit of usage is on exactly one invoice, credit or named loss", async () => {
  for (const number of [HISTORIES, AT_ONCE]) assert.ok(Number.isSafeInteger(number), "A setting is no number");
  assert.ok(HISTORIES > 0 && AT_ONCE > 0, "No history is tested");
  await using database = await startTestDatabase();
  await using world = await BillingWorld.open(database.url);
  const began = performance.now();
  for (let done = 0, number = 0; done < HISTORIES; done += AT_ONCE, number++) {
    const seed = FIRST_SEED + number;
    const stories = fc.sample(story, { numRuns: Math.min(AT_ONCE, HISTORIES - done), seed });
    const round: Round = {
      ...{ seed, graceHours: number % 2 === 1 ? 1 : 72 },
      begins: Date.UTC(2027, 0, 1 + (seed % 31), seed % 24) / 1000,
    };
    const violations = await play(world, stories, round);
    if (violations.length > 0) {
      const shortest = violations.toSorted((a, b) => told(a.story).length - told(b.story).length);
      const small = await shrunk(shortest[0]!, world, round);
      const shown = (small === null ? shortest.slice(0, 3) : [small]).map(explained).join("\n\n");
      assert.fail(`seed ${seed}: ${violations.length} of ${stories.length} tenants. One of them:\n${shown}`);
    }
    assert.deepEqual({ failures: world.failures, refusals: world.refusals }, { failures: [], refusals: [] });
  }
  assert.equal(world.judged, HISTORIES);
  if (HISTORIES >= MANY) {
    const missing = [...OURS, ...FATES].filter((name) => !world.seen.has(name));
    assert.deepEqual(missing, [], "Some of what is to be tested has not happened");
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `figures: seed ${FIRST_SEED}, ${HISTORIES} histories in ${seconds} s: ${
      JSON.stringify(Object.fromEntries(world.seen))
    }`,
  );
});

/** The smallest story like this one that still fails when its tenant is alone; null when the tenant alone is right. */
async function shrunk({ story: failing }: Violation, world: BillingWorld, round: Round): Promise<Violation | null> {
  let smallest: Violation | null = null;
  const alone = fc.asyncProperty(story, async (candidate) => {
    const [violation] = await play(world, [candidate], round);
    if (violation === undefined) return;
    smallest = violation;
    throw new Error("It fails");
  });
  await fc.check(alone, { numRuns: 1, examples: [[failing]], interruptAfterTimeLimit: SHRINKING_MS });
  return smallest;
}
