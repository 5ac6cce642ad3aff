import assert from "node:assert/strict";
import { killDuringBulk } from "./harness/bulk.ts";

const RECIPIENTS = Number(Deno.env.get("BULK_RECIPIENTS") ?? 2_000);
const KILLS = 6;

Deno.test({
  name: `a campaign to ${RECIPIENTS}, through kills and lost answers, reaches each recipient once or says why not`,
  sanitizeOps: false, // connections that died with a process are closed when they are noticed
  sanitizeResources: false,
  async fn() {
    const { violations, summary } = await killDuringBulk(RECIPIENTS, KILLS);
    console.log(`figures: bulk: ${summary}`);
    assert.deepEqual(violations.slice(0, 20), []);
  },
});
