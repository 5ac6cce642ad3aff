import assert from "node:assert/strict";
import fc from "fast-check";
import { groupCommit } from "./group-commit.ts";

Deno.test("each item gets its own result, in groups no larger and no more numerous than allowed", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ item: fc.nat(), wait: fc.nat({ max: 3 }) }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 8 }),
      async (items, inFlight, most) => {
        let underWay = 0;
        const add = groupCommit(async (group: readonly number[]) => {
          assert.ok(++underWay <= inFlight);
          assert.ok(group.length <= most);
          for (let turn = 0; turn < 3; turn++) await Promise.resolve();
          underWay--;
          return group.map((item) => item * 2);
        }, { inFlight, most, patienceMs: 60_000 });
        const results = await Promise.all(items.map(async ({ item, wait }) => {
          for (let turn = 0; turn < wait; turn++) await Promise.resolve();
          return add(item);
        }));
        assert.deepEqual(results, items.map(({ item }) => item * 2));
      },
    ),
  );
});

Deno.test("an item that finds no group under way goes at once, and those that wait go together", async () => {
  const groups: number[][] = [];
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const add = groupCommit(async (group: readonly number[]) => {
    groups.push([...group]);
    await held;
    return group;
  }, { inFlight: 1, most: 10, patienceMs: 60_000 });
  const all = Promise.all([1, 2, 3, 4].map(add));
  assert.deepEqual(groups, [[1]]);
  release();
  assert.deepEqual(await all, [1, 2, 3, 4]);
  assert.deepEqual(groups, [[1], [2, 3, 4]]);
});

Deno.test("an item that fails does not fail the others of its group", async () => {
  const add = groupCommit(async (group: readonly number[]) => {
    await Promise.resolve();
    if (group.includes(3)) throw new Error("three");
    return group;
  }, { inFlight: 1, most: 10, patienceMs: 60_000 });
  const results = await Promise.allSettled([1, 2, 3, 4].map(add));
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "fulfilled", "rejected", "fulfilled"]);
});

Deno.test("an item that hangs, alone or in a group, holds up the items after it for no longer than the patience", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const add = groupCommit(async (group: readonly string[]) => {
    if (group.some((item) => item.startsWith("hangs"))) await held;
    return group;
  }, { inFlight: 1, most: 2, patienceMs: 20 });
  const hanging = [add("hangs alone"), add("hangs in a group"), add("beside it")];
  assert.equal(await add("of another tenant"), "of another tenant");
  release();
  assert.deepEqual(await Promise.all(hanging), ["hangs alone", "hangs in a group", "beside it"]);
});
