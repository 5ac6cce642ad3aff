import assert from "node:assert/strict";
import { killDuringBurst } from "./harness/burst.ts";

/** `deno task test:soak` plays it with two hundred. */
const TENANTS = 50;
const KILLS = 6;

Deno.test({
  name: `killed again and again while ${TENANTS} tenants subscribe, the functions leave each with exactly one account`,
  sanitizeOps: false, // connections that died with a process are closed when they are noticed
  sanitizeResources: false,
  async fn() {
    const { violations, created, summary } = await killDuringBurst(TENANTS, KILLS);
    console.log(`figures: kills: ${summary}`);
    assert.deepEqual(violations, []);
    assert.equal(created, TENANTS);
  },
});
