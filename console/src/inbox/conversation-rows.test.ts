import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Conversation } from "./conversations.ts";
import { type ConversationRows, idOf, withChange, withHead, withOpen, withTail } from "./conversation-rows.ts";

const OWN = "+14155550100";

function conversation(peer: number, minute: number): Conversation {
  const createdAt = new Date(Date.UTC(2026, 10, 27, 0, minute)).toISOString();
  return {
    number: OWN,
    with: `+1415555${String(peer).padStart(4, "0")}`,
    contact: null,
    lastMessageAt: createdAt,
    unread: 0,
    optedOut: false,
    lastMessage: {
      id: crypto.randomUUID(),
      direction: "inbound",
      body: "Hello",
      status: "received",
      errorCode: null,
      errorMessage: null,
      mediaCount: 0,
      createdAt,
    },
  };
}

/** Lists conversations as the server does. A cursor is the moment of the last row. */
class Server {
  readonly #minutes = new Map<number, number>();
  #now = 0;

  receive(peer: number): void {
    this.#minutes.set(peer, this.#now++);
  }

  list(limit = Infinity, cursor: string | null = null): ConversationRows {
    const all = [...this.#minutes].map(([peer, minute]) => conversation(peer, minute))
      .sort((a, b) => b.lastMessageAt.localeCompare(a.lastMessageAt))
      .filter(({ lastMessageAt }) => cursor === null || lastMessageAt < cursor);
    const rows = all.slice(0, limit);
    return { rows, next: rows.length < all.length ? rows.at(-1)!.lastMessageAt : null };
  }
}

const shown = ({ rows }: ConversationRows) => rows.map((row) => `${row.with} ${row.lastMessageAt}`);

type Step = { receive: number } | { head: number } | { tail: number };

Deno.test("After every read from the beginning, the loaded conversations are the server's latest, without a gap", () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ receive: fc.nat(12) }) },
    { weight: 1, arbitrary: fc.record({ head: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ tail: fc.integer({ min: 1, max: 4 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const server = new Server();
      let known: ConversationRows | undefined;
      for (const step of [...steps, { head: 3 }]) {
        if ("receive" in step) server.receive(step.receive);
        if ("tail" in step && known !== undefined && known.next !== null) {
          known = withTail(known, known.next, server.list(step.tail, known.next));
          assert.equal(new Set(known.rows.map(idOf)).size, known.rows.length);
        }
        if ("head" in step) {
          known = withHead(known, server.list(step.head));
          const { rows } = server.list();
          assert.deepEqual(shown(known), shown({ rows: rows.slice(0, known.rows.length), next: null }));
          // After a cursor nothing may be left: the last conversations may have moved to the beginning.
          if (known.next === null) assert.equal(known.rows.length, rows.length);
        }
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("withTail ignores a page that was asked for before the loaded conversations were replaced", () => {
  const known = { rows: [conversation(1, 9)], next: "here" };
  assert.equal(withTail(known, "elsewhere", { rows: [conversation(2, 1)], next: null }), known);
});

Deno.test("withChange changes the conversation with the id alone", () => {
  const rows = [conversation(1, 2), conversation(2, 1)];
  const changed = withChange({ rows, next: null }, idOf(rows[1]!), { unread: 2 });
  assert.deepEqual(changed.rows.map(({ unread }) => unread), [0, 2]);
});

Deno.test("withOpen keeps the open conversation in its place when the filter no longer matches it", () => {
  const [first, open, last] = [conversation(1, 9), conversation(2, 5), conversation(3, 1)];
  assert.deepEqual(withOpen([first!, last!], open), [first, open, last]);
  assert.deepEqual(withOpen([first!], last), [first, last]);
  const all = [first!, open!];
  assert.equal(withOpen(all, open), all);
});
