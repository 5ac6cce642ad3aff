import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Conversation } from "./conversations.ts";
import { idOf } from "./conversation-rows.ts";
import { anchorOf, numbered, numberedAgain, type NumberedRows, successorOf } from "./steady.ts";

/** Conversations in the order of their last messages: pairs of a peer and the minute of its last message. */
function list(last: ReadonlyMap<number, number>): Conversation[] {
  return [...last].sort(([, a], [, b]) => b - a).map(([peer, minute]) => {
    const at = new Date(Date.UTC(2026, 10, 27, 0, minute)).toISOString();
    return { number: "+14155550100", with: `+${14155552000 + peer}`, lastMessageAt: at } as Conversation;
  });
}

const rowAt = ({ rows, firstNumber }: NumberedRows, number: number) => rows[number - firstNumber];

Deno.test("The conversations in view keep their numbers while messages arrive in others of 200, in new ones and in themselves", () => {
  fc.assert(fc.property(
    fc.array(fc.nat(220), { minLength: 1, maxLength: 40 }),
    fc.nat(190),
    fc.integer({ min: 1, max: 10 }),
    (arrivals, top, height) => {
      const last = new Map(Array.from({ length: 200 }, (_, peer) => [peer, 200 - peer]));
      let shown = numbered(list(last));
      let number = shown.firstNumber + top;
      let minute = 1_000;
      for (const peer of arrivals) {
        last.set(peer, minute++);
        const visible = Array.from({ length: height }, (_, index) => rowAt(shown, number + index))
          .filter((row) => row !== undefined);
        const before = new Map(visible.map((row, index) => [idOf(row), number + index]));
        const next = numberedAgain(shown, list(last), [...before.keys()]);
        const anchor = visible.find((row) => row.with !== `+${14155552000 + peer}`);
        if (anchor !== undefined) assert.equal(idOf(rowAt(next, before.get(idOf(anchor))!)!), idOf(anchor));
        shown = next;
        // What was in view may have ended at the list's end.
        number = Math.min(number, shown.firstNumber + shown.rows.length - 1);
      }
    },
  ));
});

Deno.test("Where a conversation was read or answered and left its place, the next older one follows, at the end the last one", () => {
  const rows = list(new Map([[1, 9], [3, 2], [4, 1]]));
  const peerAfter = (peer: number, minute: number) => successorOf(rows, list(new Map([[peer, minute]]))[0]!)?.with;
  assert.equal(peerAfter(2, 5), "+14155552003");
  assert.equal(peerAfter(1, 4), "+14155552003");
  assert.equal(peerAfter(5, 0), "+14155552004");
  assert.equal(successorOf([], list(new Map([[1, 1]]))[0]!), undefined);
});

Deno.test("At its top, a list keeps the number of its first row, so that an arriving message appears there", () => {
  const before = numbered(list(new Map([[1, 2], [2, 1]])));
  const after = numberedAgain(before, list(new Map([[1, 2], [2, 3], [3, 4]])), []);
  assert.equal(after.firstNumber, before.firstNumber);
  assert.deepEqual(after.rows.map(({ with: peer }) => peer), ["+14155552003", "+14155552002", "+14155552001"]);
});

Deno.test("A list is held at a row that stays, not at one that moves to the top, and a found message always stays", () => {
  const [before, after] = [list(new Map([[1, 3], [2, 2], [3, 1]])), list(new Map([[1, 3], [2, 4], [3, 1]]))];
  const [first, second, third] = before.map(idOf);
  assert.equal(anchorOf(before, after, [second!, third!]), third);
  assert.equal(anchorOf(before, after, [second!, first!]), first);
  assert.equal(anchorOf(before, after, [second!]), undefined);
  assert.equal(anchorOf(before, after, [second!, "a message"]), "a message");
});
