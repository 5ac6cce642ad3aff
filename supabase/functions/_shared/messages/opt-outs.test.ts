import assert from "node:assert/strict";
import { checkOptOuts } from "./opt-outs.ts";

const NOW = Date.parse("2026-11-26T12:00:00Z");

Deno.test("an opt-out of a clock that is some minutes ahead is stored, and one of a later time is rejected", async () => {
  for (const [minutes, stored] of [[-1, 1], [0, 1], [5, 1], [6, 0]] as const) {
    const optedOutAt = new Date(NOW + minutes * 60_000).toISOString();
    const { ready, rejected } = await checkOptOuts(
      [{ recipient: "+14155550199", optedOutAt }],
      undefined,
      new Date(NOW),
    );
    assert.deepEqual([ready.length, rejected.map(({ code }) => code)], [stored, stored ? [] : ["invalid_time"]]);
  }
});
