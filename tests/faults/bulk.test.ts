import assert from "node:assert/strict";
import { killDuringBulk } from "./harness/bulk.ts";

const RECIPIENTS = Number(Deno.env.get("BULK_RECIPIENTS") ?? 2_000);
const KILLS = 6;

Deno.test({
  name: `a campaign to ${RECIPIENTS}, through kills and lost responses, reaches each recipient once or states why not`,
  sanitizeOps: false, // the connections of a killed process are closed later
  sanitizeResources: false,
  async fn() {
    const { violations, summary } = await killDuringBulk(RECIPIENTS, KILLS);
    console.log(`figures: bulk: ${summary}`);
    assert.deepEqual(violations.slice(0, 20), []);
  },
});
