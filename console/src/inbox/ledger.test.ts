import assert from "node:assert/strict";
import fc from "fast-check";
import { type Ledger, withEarlier, withNewest } from "./ledger.ts";
import type { Message } from "./message.ts";
import { message } from "./messages.testing.ts";

const PAGE = 3;

/** Newest first, in the database's order. */
function history(length: number): Message[] {
  return Array.from({ length }, (_, index) => message({ minute: length - index }));
}

Deno.test("withNewest puts new messages first and updates the status of known ones", () => {
  const [c, b, a] = history(3) as [Message, Message, Message];
  const known: Ledger = { messages: [{ ...b, status: "sent" }, a], hasEarlier: false };
  const after = withNewest(known, [c, b, a], PAGE);
  assert.deepEqual(after.messages.map(({ id, status }) => [id, status]), [c, b, a].map(({ id }) => [id, "delivered"]));
});

Deno.test("withNewest drops the known messages when the page does not overlap them, rather than hide a gap", () => {
  const all = history(10);
  const known: Ledger = { messages: all.slice(7), hasEarlier: false };
  assert.deepEqual(withNewest(known, all.slice(0, PAGE), PAGE), { messages: all.slice(0, PAGE), hasEarlier: true });
});

Deno.test("withNewest keeps earlier pages that were loaded", () => {
  const all = history(8);
  const known: Ledger = { messages: all.slice(1), hasEarlier: false };
  assert.deepEqual(withNewest(known, all.slice(0, PAGE), PAGE), { messages: all, hasEarlier: false });
});

Deno.test("after any polls and pages, the ledger is one contiguous part of the history without duplicates", () => {
  const acts = fc.array(fc.oneof(fc.record({ grow: fc.nat(7) }), fc.constant("earlier" as const)), { maxLength: 20 });
  fc.assert(fc.property(acts, (steps) => {
    let all = history(4);
    let ledger = withNewest(undefined, all.slice(0, PAGE), PAGE);
    for (const step of steps) {
      if (step === "earlier") {
        const last = ledger.messages.at(-1)!;
        // Like the query: up to and including the last known message.
        ledger = withEarlier(
          ledger,
          all.filter(({ created_at }) => created_at <= last.created_at).slice(0, PAGE),
          PAGE,
        );
      } else {
        const newer = Array.from(
          { length: step.grow },
          (_, index) => message({ minute: all.length + step.grow - index }),
        );
        all = [...newer, ...all];
        ledger = withNewest(ledger, all.slice(0, PAGE), PAGE);
      }
      assert.deepEqual(ledger.messages, all.slice(0, ledger.messages.length));
      if (!ledger.hasEarlier) assert.equal(ledger.messages.length, all.length);
    }
  }));
});
