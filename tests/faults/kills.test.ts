import assert from "node:assert/strict";
import { killDuringBurst } from "./harness/burst.ts";

/** `deno task test:soak` plays this with two hundred tenants. */
const TENANTS = 25;
const KILLS = 4;

Deno.test({
  name: `${TENANTS} tenants that subscribe while the functions are killed repeatedly get exactly one account each`,
  sanitizeOps: false, // the connections of a killed process are closed later
  sanitizeResources: false,
  async fn() {
    const { violations, created, summary } = await killDuringBurst(TENANTS, KILLS);
    console.log(`figures: kills: ${summary}`);
    assert.deepEqual(violations, []);
    assert.equal(created, TENANTS);
  },
});
