import assert from "node:assert/strict";
import { scheduledInWords } from "./scheduled.ts";

const NOW = new Date("2026-11-27T10:00:00Z");
const LATER = "2026-12-26T12:00:00.000Z";

Deno.test("scheduledInWords says what happens to a number, on which date, and how to avert it", () => {
  const of = (change: "release" | "park" | "parked_until" | "sending_ends", at = LATER) =>
    scheduledInWords({ numberId: "1", phoneNumber: "+14155550100", change, at }, NOW);
  assert.match(of("release").text, /^Released on .*26.*2026. Subscribe again/);
  assert.match(of("park").text, /^Leaves your account on .*26/);
  assert.match(of("parked_until").text, /^Kept for you until .*26/);
  assert.match(of("sending_ends").text, /^You can send from it until .*26/);
  assert.match(of("sending_ends", "2026-11-20T12:00:00.000Z").text, /^It only receives since .*20/);
  assert.deepEqual([of("release").wayOut, of("sending_ends").wayOut], ["subscribe", "larger-plan"]);
});
