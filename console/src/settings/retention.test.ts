import assert from "node:assert/strict";
import fc from "fast-check";
import { longDate } from "../platform/dates.ts";
import { cutoff, daysText, deletedNow, retentionSentence } from "./retention.ts";

const days = fc.integer({ min: 1, max: 3650 });
const now = fc.date({ min: new Date("2026-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });

Deno.test("a retention deletes what is older than its days, to the moment", () => {
  fc.assert(fc.property(days, now, (days, now) => {
    assert.equal((now.getTime() - cutoff(days, now).getTime()) / 86_400_000, days);
    const sentence = retentionSentence(days, now);
    for (const part of [daysText(days), longDate(now.toISOString()), longDate(cutoff(days, now).toISOString())]) {
      assert.ok(sentence.includes(part), sentence);
    }
  }));
});

Deno.test("a shorter retention deletes what lies between the two limits", () => {
  fc.assert(fc.property(days, days, now, (one, other, now) => {
    const [shorter, longer] = [Math.min(one, other), Math.max(one, other)];
    const sentence = deletedNow(longer, shorter, now);
    const [from, to] = [longer, shorter].map((days) => longDate(cutoff(days, now).toISOString()));
    assert.ok(sentence.endsWith(`from ${from} to ${to}`), sentence);
    assert.ok(cutoff(longer, now) <= cutoff(shorter, now));
  }));
});

Deno.test("without a retention before, everything older is deleted, and without one after, nothing", () => {
  const now = new Date("2026-11-27T12:00:00Z");
  assert.ok(deletedNow(null, 90, now).startsWith("the texts and pictures of every message before "));
  assert.ok(retentionSentence(null, now).startsWith("Texts are kept"));
  assert.equal(daysText(1), "1 day");
});
