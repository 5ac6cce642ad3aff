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
  assert.match(shown!.text, /^16.1 of your spend limit of 20 are used. It resets on /);
  assert.match(
    currentNotices([late], NOW)[0]!.text,
    /^Your spend limit of 20 is reached.* A larger plan raises the limit$/,
  );
  assert.deepEqual(currentNotices([late, early], NOW).map(({ id, color }) => [id, color]), [[late.id, "red"]]);
  assert.deepEqual(currentNotices([old], NOW), []);
});

Deno.test("a number's notice is shown until its date", () => {
  const notice: Notice = {
    id: "n",
    kind: "number.sending_ends",
    details: { phoneNumber: "+15005550101", at: "2026-12-04T00:00:00Z" },
  };
  assert.match(
    currentNotices([notice], NOW)[0]!.text,
    /^\+15005550101 only receives from .* Change to a plan with more numbers/,
  );
  assert.deepEqual(currentNotices([notice], new Date("2026-12-05T00:00:00Z")), []);
});

Deno.test("a number that leaves is shown with its date and how to keep it", () => {
  const textOf = (action: string) =>
    currentNotices([{
      id: "n",
      kind: "number.release_scheduled",
      details: { phoneNumber: "+15005550101", action, at: "2026-12-04T00:00:00Z", releasedAt: "2027-01-03T00:00:00Z" },
    }], NOW)[0]!.text;
  assert.match(textOf("release"), /^\+15005550101 is released on .* Subscribe again to keep it$/);
  assert.match(
    textOf("park"),
    /^\+15005550101 leaves your account on .* and is released later\. Subscribe again to keep it$/,
  );
});
