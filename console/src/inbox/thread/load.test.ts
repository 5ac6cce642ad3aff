import assert from "node:assert/strict";
import fc from "fast-check";
import { catchUp, loadNewer, loadOlder, openThread, PAGE_SIZE, type ThreadLoader } from "./load.ts";
import { History, message, OWN, PEER } from "./history.testing.ts";
import type { ThreadWindow } from "./window.ts";

function historyOf(length: number): History {
  const history = new History();
  grow(history, length);
  return history;
}

/** Adds new messages; every third one is of the same millisecond as the one before. */
function grow(history: History, by: number) {
  for (let count = 0; count < by; count += 1) {
    const second = Math.floor(history.messages.length * 2 / 3);
    history.messages.push(message({ second }));
  }
}

const loaderOf = ({ list }: History): ThreadLoader => ({ list, sides: { own: OWN, peer: PEER } });
const idsOf = ({ messages }: { messages: readonly { id: string }[] }) => messages.map(({ id }) => id);

/** Asserts that the window is a part of the history: in its order, without a gap, without a message twice. */
function assertContiguous(window: ThreadWindow, history: History) {
  const all = idsOf(history);
  const start = window.messages.length === 0 ? 0 : all.indexOf(window.messages[0]!.id);
  assert.deepEqual(idsOf(window), all.slice(start, start + window.messages.length));
  if (window.older === null) assert.equal(start, 0);
}

Deno.test("a thread opens with its newest messages, and goes back page by page to the first one", async () => {
  const history = historyOf(PAGE_SIZE * 2 + 10);
  let window = await openThread(loaderOf(history));
  assert.deepEqual(idsOf(window), idsOf(history).slice(-PAGE_SIZE));
  for (const length of [PAGE_SIZE * 2, PAGE_SIZE * 2 + 10]) {
    window = (await loadOlder(loaderOf(history), window.older!))(window);
    assert.equal(window.messages.length, length);
  }
  assert.deepEqual(idsOf(window), idsOf(history));
  assert.equal(window.older, null);
});

Deno.test("a thread of another pair of numbers than the message's, or of a message that is gone, opens at its end", async () => {
  const history = historyOf(PAGE_SIZE + 5);
  history.messages[0] = message({ to: "+14155550199" });
  const expected = idsOf(history).slice(-PAGE_SIZE);
  for (const at of [history.messages[0].id, crypto.randomUUID(), "%2B1", ""]) {
    assert.deepEqual(idsOf(await openThread(loaderOf(history), at)), expected, at);
  }
});

Deno.test("after 200 newer messages that were missed, the thread still continues where it was", async () => {
  const history = historyOf(120);
  let window = await openThread(loaderOf(history));
  grow(history, 3 * PAGE_SIZE);
  window = (await catchUp(loaderOf(history), () => window))(window);
  assert.deepEqual(idsOf(window), idsOf(history).slice(-4 * PAGE_SIZE));
  assert.equal(window.epoch, 0);
  grow(history, 20 * PAGE_SIZE);
  window = (await catchUp(loaderOf(history), () => window))(window);
  assert.equal(window.epoch, 1);
  assertContiguous(window, history);
});

Deno.test("a message that is on its way is followed after fifty newer ones", async () => {
  const history = historyOf(5);
  history.messages[2]!.status = "queued";
  let window = await openThread(loaderOf(history));
  grow(history, PAGE_SIZE);
  window = (await catchUp(loaderOf(history), () => window))(window);
  history.messages[2]!.status = "delivered";
  window = (await catchUp(loaderOf(history), () => window))(window);
  assert.equal(window.messages[2]!.status, "delivered");
});

Deno.test("an update without a change keeps the window itself, and one message's change keeps the other messages", async () => {
  const history = historyOf(PAGE_SIZE + 5);
  history.messages.push(message({
    second: 900,
    direction: "inbound",
    from: PEER,
    to: OWN,
    media: [{ url: "https://a.test/1?signature=1", contentType: "image/png" }],
  }));
  const window = await openThread(loaderOf(history));
  // Each response has new links to received media.
  history.messages.at(-1)!.media = [{ url: "https://a.test/1?signature=2", contentType: "image/png" }];
  assert.equal((await catchUp(loaderOf(history), () => window))(window), window);
  history.messages.at(-2)!.status = "failed";
  const after = (await catchUp(loaderOf(history), () => window))(window);
  assert.deepEqual(after.messages.map((item, index) => item === window.messages[index]).indexOf(false), PAGE_SIZE - 2);
  assert.equal(after.messages.at(-1), window.messages.at(-1));
});

type Step =
  | { kind: "grow"; by: number }
  | { kind: "older" | "newer" | "catchUp" | "olderTwice" | "late" }
  /** What is read while the newest page is being read. */
  | { kind: "olderMeanwhile"; by: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("grow" as const), by: fc.nat(140) }),
    fc.record({ kind: fc.constant("olderMeanwhile" as const), by: fc.nat(70) }),
    fc.record({ kind: fc.constantFrom("older", "newer", "catchUp", "olderTwice", "late") }),
  ),
  { maxLength: 14 },
);

Deno.test("after any sequence of pages, polls and arrivals, a thread is one part of the conversation without gaps or duplicates", async () => {
  const start = fc.record({ length: fc.nat(300), at: fc.option(fc.nat(299)) });
  await fc.assert(
    fc.asyncProperty(start, steps, async ({ length, at }, acts) => {
      const history = historyOf(length);
      const loader = loaderOf(history);
      let window = await openThread(loader, at === null ? undefined : history.messages[at]?.id);
      if (at !== null && at < length) {
        assert.ok(idsOf(window).includes(history.messages[at]!.id));
      }
      for (const act of acts) {
        const { older, newer } = window;
        if (act.kind === "grow") grow(history, act.by);
        // A transaction that began before the newest message's, and was committed after it. Not into a window that has the newest
        // message and does not know that it is the last: a page that is just full has a cursor, and such a message is seen there
        // when the thread is opened anew, or when its end is read next.
        const isUnknownEnd = newer !== null && window.messages.at(-1)?.id === history.messages.at(-1)?.id;
        if (act.kind === "late" && history.messages.length > 2 && !isUnknownEnd) {
          window = (await catchUp(loader, () => window))(window);
          const place = history.messages.length - 1;
          history.messages.splice(place, 0, message({ createdAt: history.messages[place]!.createdAt }));
          window = (await catchUp(loader, () => window))(window);
        }
        if (act.kind === "older" && older !== null) window = (await loadOlder(loader, older))(window);
        if (act.kind === "newer" && newer !== null) window = (await loadNewer(loader, newer))(window);
        if (act.kind === "catchUp") window = (await catchUp(loader, () => window))(window);
        if (act.kind === "olderTwice" && older !== null) {
          const pages = await Promise.all([loadOlder(loader, older), loadOlder(loader, older)]);
          for (const page of pages) window = page(window);
        }
        if (act.kind === "olderMeanwhile") {
          grow(history, act.by);
          const poll = catchUp(loader, () => window);
          if (older !== null) window = (await loadOlder(loader, older))(window);
          window = (await poll)(window);
        }
        if (window.newer === null || act.kind !== "late") assertContiguous(window, history);
      }
      while (window.newer !== null) window = (await loadNewer(loader, window.newer))(window);
      window = (await catchUp(loader, () => window))(window);
      assert.deepEqual(window.messages.at(-1)?.id, history.messages.at(-1)?.id);
      while (window.older !== null) window = (await loadOlder(loader, window.older))(window);
      assert.deepEqual(idsOf(window), idsOf(history));
    }),
    { numRuns: 150 },
  );
});
