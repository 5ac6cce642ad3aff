import assert from "node:assert/strict";
import type { MessageInstance, MessageListInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import fc from "fast-check";
import { listCreatedSince } from "./look-up.ts";

type Pages = Pick<MessageListInstance, "page">;

/** A list of messages by their age in seconds, newest first, in pages of this size. Counts the pages that were read. */
function listing(ages: number[], pageSize: number) {
  const created = ages.map((age) => ({ dateCreated: new Date(NOW - age * 1000) }) as MessageInstance);
  const asked: unknown[] = [];
  const pageAt = (start: number): unknown => {
    asked.push(start);
    const next = start + pageSize;
    return {
      instances: created.slice(start, next),
      nextPage: () => next < created.length ? Promise.resolve(pageAt(next)) : undefined,
    };
  };
  const pages = {
    page: (criteria: Record<string, unknown>) => {
      assert.deepEqual(Object.keys(criteria).sort(), ["from", "pageSize", "to"], "no filter by DateSent");
      return Promise.resolve(pageAt(0));
    },
  } as unknown as Pages;
  return { pages, asked };
}

const NOW = Date.parse("2026-11-26T12:00:00Z");
const pair = { from: "+15005550101", to: "+15005550102" };

Deno.test("every message created since the moment is listed, and no page after the first older one is read", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.nat(100), { maxLength: 40 }),
    fc.nat(100),
    fc.integer({ min: 10, max: 20 }),
    async (unsorted, limit, pageSize) => {
      const ages = unsorted.sort((left, right) => left - right);
      const { pages, asked } = listing(ages, pageSize);
      const { messages, isComplete } = await listCreatedSince(pages, { ...pair, since: new Date(NOW - limit * 1000) });
      const recent = ages.filter((age) => age <= limit).length;
      assert.deepEqual([messages.length, isComplete], [recent, true]);
      assert.ok(asked.length <= Math.floor(recent / pageSize) + 1 + (recent % pageSize === 0 ? 0 : 1));
    },
  ));
});

Deno.test("a list with more recent messages than a look-up reads is incomplete", async () => {
  const { pages } = listing(Array.from({ length: 60 }, () => 1), 10);
  const { messages, isComplete } = await listCreatedSince(pages, { ...pair, since: new Date(NOW - 10_000) });
  assert.deepEqual([messages.length, isComplete], [50, false]);
});
