import assert from "node:assert/strict";
import { pollHead } from "./head-poller.ts";

Deno.test("without Realtime, a changed newest conversation is announced once, also after failed questions", async () => {
  let head = { lastMessageAt: "12:00" };
  const state = { isDown: false, isNeeded: true, asked: 0, changes: 0 };
  const stop = pollHead({
    readHead: () => {
      state.asked += 1;
      return state.isDown ? Promise.reject(new Error("unreachable")) : Promise.resolve(head);
    },
    isNews: () => false,
    onChange: () => state.changes += 1,
    isNeeded: () => state.isNeeded,
    everyMs: 2,
  });
  const rounds = async (count: number) => {
    for (const until = state.asked + count; state.asked < until;) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  await rounds(3);
  assert.equal(state.changes, 0, "nothing has changed");
  head = { lastMessageAt: "12:01" };
  await rounds(3);
  assert.equal(state.changes, 1);
  state.isDown = true;
  head = { lastMessageAt: "12:02" };
  await rounds(3);
  assert.equal(state.changes, 1);
  state.isDown = false;
  await rounds(3);
  assert.equal(state.changes, 2);
  state.isNeeded = false;
  const { asked } = state;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(state.asked <= asked + 1, "asks while it is not needed");
  stop();
});

Deno.test("what arrived between the first read of a screen and the first question is announced", async () => {
  for (const [head, changes] of [[2, 1], [1, 0]] as const) {
    let announced = 0;
    const first = Promise.withResolvers<number>();
    const stop = pollHead({
      readHead: () => first.promise,
      isNews: (read) => read !== 1,
      onChange: () => announced += 1,
      isNeeded: () => true,
      everyMs: 1_000_000,
    });
    first.resolve(head);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(announced, changes);
    stop();
  }
});
