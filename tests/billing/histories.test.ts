import assert from "node:assert/strict";
import fc from "fast-check";
import { startTestDatabase } from "../support/test-database.ts";
import { explained, play, type Round } from "./round.ts";
import { type Story, story } from "./story.ts";
import { BillingWorld } from "./world.ts";

const HISTORIES = Number(Deno.env.get("BILLING_HISTORIES") ?? "500");
const SEED = Number(Deno.env.get("BILLING_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = Number(Deno.env.get("BILLING_AT_ONCE") ?? 125);

Deno.test("in random histories, every unit of usage is on exactly one invoice, credit or named loss", async () => {
  await using database = await startTestDatabase();
  await using world = await BillingWorld.open(database.url);
  const began = performance.now();
  for (let done = 0, number = 0; done < HISTORIES; done += AT_ONCE, number++) {
    const seed = SEED + number;
    const stories = fc.sample(story, { numRuns: Math.min(AT_ONCE, HISTORIES - done), seed });
    const round: Round = {
      ...{ seed, graceHours: number % 3 === 2 ? 1 : 72 },
      begins: Date.UTC(2027, 0, 1 + (seed % 31), seed % 24) / 1000,
    };
    const violations = await play(world, stories, round);
    if (violations.length > 0) {
      const shown = violations.slice(0, 5).map(explained).join("\n\n");
      assert.fail(`seed ${seed}: ${violations.length} of ${stories.length} tenants:\n${shown}`);
    }
    assert.deepEqual(world.failures, []);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`figures: ${HISTORIES} histories in ${seconds} s: ${JSON.stringify(Object.fromEntries(world.seen))}`);
});

export type { Story };
