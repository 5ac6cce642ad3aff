import assert from "node:assert/strict";
import fc from "fast-check";
import { startTestDatabase } from "../support/test-database.ts";
import { explained, play, type Round, type Violation } from "./round.ts";
import { story, told } from "./story.ts";
import { BillingWorld } from "./world.ts";

const HISTORIES = Number(Deno.env.get("BILLING_HISTORIES") ?? "500");
const SEED = Number(Deno.env.get("BILLING_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = Number(Deno.env.get("BILLING_AT_ONCE") ?? "250");
const SHRINKING_MS = 60_000;

Deno.test("in random histories, every unit of usage is on exactly one invoice, credit or named loss", async () => {
  await using database = await startTestDatabase();
  await using world = await BillingWorld.open(database.url);
  const began = performance.now();
  for (let done = 0, number = 0; done < HISTORIES; done += AT_ONCE, number++) {
    const seed = SEED + number;
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
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`figures: ${HISTORIES} histories in ${seconds} s: ${JSON.stringify(Object.fromEntries(world.seen))}`);
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
