import assert from "node:assert/strict";
import fc from "fast-check";
import { message } from "./history.testing.ts";
import { rowsOf, unseenAfter, withoutShown } from "./rows.ts";
import { windowAtEnd, withOlder } from "./window.ts";

const HOURS = 3600;

Deno.test("each day begins with a row, and a message keeps its number while older ones are added before it", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 40 });
  fc.assert(fc.property(gaps, fc.nat(), (hours, cut) => {
    let second = 0;
    const all = hours.map((gap) => message({ second: second += gap * HOURS }));
    const at = 1 + cut % (all.length - 1);
    const window = windowAtEnd({ messages: all.slice(at).reverse(), next: "older" });
    const numberOf = ({ rows, firstNumber }: ReturnType<typeof rowsOf>, id: string) =>
      firstNumber + rows.findIndex(({ key }) => key === id);
    const before = rowsOf(window, []);
    const after = rowsOf(withOlder(window, "older", { messages: all.slice(0, at).reverse(), next: null }), []);
    const days = new Set(all.map(({ createdAt }) => new Date(createdAt).toDateString()));
    assert.equal(after.rows.filter(({ kind }) => kind === "day").length, days.size);
    assert.deepEqual(
      after.rows.filter(({ kind }) => kind === "message").map(({ key }) => key),
      all.map(({ id }) => id),
    );
    assert.equal(new Set(after.rows.map(({ key }) => key)).size, after.rows.length);
    // Only the first message's own day may end up elsewhere: the rows after it move as a whole.
    assert.equal(numberOf(after, all[at]!.id), numberOf(before, all[at]!.id));
    assert.equal(after.rows[0]!.kind, "day");
  }));
});

Deno.test("what is being sent is shown at the end once, before and after the server has its message", () => {
  const old = message({ body: "Hello" });
  const pending = [{ id: "a", content: { body: "Hello" } }, { id: "b", content: { body: "Hello" } }];
  const knownAt = new Map(pending.map(({ id }) => [id, new Set([old.id])]));
  assert.deepEqual(withoutShown(pending, [old], knownAt).map(({ id }) => id), ["a", "b"]);
  const [first, second] = [message({ body: "Hello" }), message({ body: "Hello" })];
  assert.deepEqual(withoutShown(pending, [old, first], knownAt).map(({ id }) => id), ["b"]);
  assert.deepEqual(withoutShown(pending, [old, first, second], knownAt), []);
  // The answer names the message: no other message with the same text hides it.
  const answered = [{ ...pending[0]!, message: { id: second.id } }];
  assert.deepEqual(withoutShown(answered, [old, first], knownAt).length, 1);
  assert.deepEqual(withoutShown(answered, [old, first, second], knownAt), []);
  const received = message({ body: "Hello", direction: "inbound" });
  assert.equal(withoutShown(pending, [old, received], knownAt).length, 2);
});

Deno.test("a part from the middle of a conversation does not show what is being sent", () => {
  const window = { ...windowAtEnd({ messages: [message()], next: null }), newer: "cursor" };
  assert.equal(rowsOf(window, [{ id: "a", content: { body: "Hello" } }]).rows.at(-1)!.kind, "message");
});

Deno.test("unseenAfter counts the received messages after the last one that was seen", () => {
  const messages = [message(), message({ direction: "inbound" }), message(), message({ direction: "inbound" })];
  assert.deepEqual(messages.map(({ id }) => unseenAfter(messages, id)), [2, 1, 1, 0]);
  assert.equal(unseenAfter(messages, "gone"), 0);
});
