import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod";
import { cursorParameter, page, writeCursor } from "./paging.ts";
import { timestampSchema } from "./time.ts";

const cursor = cursorParameter(z.tuple([timestampSchema, z.string().max(64)]));

Deno.test("a cursor is read back as the key it was written from", () => {
  fc.assert(fc.property(fc.string({ maxLength: 64, unit: "binary" }), (name) => {
    const text = writeCursor(["2026-11-24T13:14:15.123456+00:00", name]);
    assert.match(text, /^[A-Za-z0-9_-]+$/);
    fc.pre(name.isWellFormed() && text.length <= 500);
    assert.deepEqual(cursor.parse(text), ["2026-11-24T13:14:15.123456+00:00", name]);
  }));
});

Deno.test("an invented cursor is rejected before it reaches the database", () => {
  fc.assert(fc.property(fc.string({ maxLength: 600 }), (text) => assert.equal(cursor.safeParse(text).success, false)));
  for (
    const key of [[], ["x", "y"], ["0000-01-01T00:00:00+00:00", "y"], ["2026-11-24T13:14:15+20:00", "y"], { a: 1 }]
  ) {
    assert.equal(cursor.safeParse(writeCursor(key as string[])).success, false, JSON.stringify(key));
  }
});

Deno.test("a full page has the cursor after its last row, and any other page has none", () => {
  const double = (row: number) => 2 * row;
  const cursorAfter = (row: number) => writeCursor([row]);
  assert.deepEqual(page([1, 2], 2, double, cursorAfter), { items: [2, 4], next: writeCursor([2]) });
  assert.deepEqual(page([1], 2, double, cursorAfter), { items: [2], next: null });
  assert.deepEqual(page([], 2, double, cursorAfter), { items: [], next: null });
});
