import assert from "node:assert/strict";
import { currentNotices, type Notice } from "./notices.ts";

const NOW = new Date("2026-11-27T12:00:00Z");
const threshold = (percent: number, periodEnd: string): Notice => ({
  id: `${percent} ${periodEnd}`,
  kind: "usage.threshold",
  details: { percent, limit: 20, used: 16.1, left: 3.9, periodEnd },
});

Deno.test("a threshold is shown until its billing period ends, and 100 % replaces 80 %", () => {
  const [early, late, old] = [
    threshold(80, "2026-12-01T00:00:00Z"),
    threshold(100, "2026-12-01T00:00:00Z"),
    threshold(100, "2026-11-01T00:00:00Z"),
  ];
  const [shown] = currentNotices([early, old], NOW);
  assert.match(shown!.text, /^16.1 of your spend limit of 20 are used until /);
  assert.deepEqual(currentNotices([late, early], NOW).map(({ id, color }) => [id, color]), [[late.id, "red"]]);
  assert.deepEqual(currentNotices([old], NOW), []);
});

Deno.test("a number's notice is shown until its date", () => {
  const notice: Notice = {
    id: "n",
    kind: "number.sending_ends",
    details: { phoneNumber: "+15005550101", at: "2026-12-04T00:00:00Z" },
  };
  assert.match(currentNotices([notice], NOW)[0]!.text, /^\+15005550101 can send no more from /);
  assert.deepEqual(currentNotices([notice], new Date("2026-12-05T00:00:00Z")), []);
});
