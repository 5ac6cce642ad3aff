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

Deno.test("a bad row of opt-outs is rejected by itself, with its position and reason", async () => {
  const good = { recipient: "+14155550199" };
  const bad: [unknown, string][] = [
    [null, "invalid_row"],
    ["+14155550199", "invalid_row"],
    [{}, "invalid_recipient"],
    [{ recipient: true }, "invalid_recipient"],
    [{ recipient: "\u0000" }, "invalid_recipient"],
    [{ recipient: "\ud800".repeat(200) }, "invalid_recipient"],
    [{ ...good, from: [] }, "invalid_sender"],
    [{ ...good, from: "office" }, "invalid_sender"],
    [{ ...good, optedOutAt: 45_000 }, "invalid_time"],
    [{ ...good, optedOutAt: {} }, "invalid_time"],
    [{ ...good, optedOutAt: "yesterday" }, "invalid_time"],
  ];
  const { ready, rejected } = await checkOptOuts([good, ...bad.map(([row]) => row)], undefined, new Date(NOW));
  assert.deepEqual(ready.map(({ position }) => position), [0]);
  assert.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    bad.map(([, code], index) => [index + 1, code]),
  );
  for (const { recipient } of rejected) assert.ok(recipient.length <= 100 && recipient.isWellFormed());
});
