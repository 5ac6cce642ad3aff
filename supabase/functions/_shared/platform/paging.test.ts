import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { cursorSchema, momentSchema, timestampSchema, writeCursor } from "./paging.ts";

const cursor = cursorSchema(z.tuple([timestampSchema, z.string().max(64)]));

Deno.test("a cursor leads back to the key it was made of, whatever is in it", () => {
  fc.assert(fc.property(fc.string({ maxLength: 64, unit: "binary" }), (name) => {
    const text = writeCursor(["2026-11-24T13:14:15.123456+00:00", name]);
    assert.match(text, /^[A-Za-z0-9_-]+$/);
    fc.pre(name.isWellFormed() && text.length <= 500);
    assert.deepEqual(cursor.parse(text), ["2026-11-24T13:14:15.123456+00:00", name]);
  }));
});

Deno.test("a cursor that somebody made up is refused, never thrown at the database", () => {
  fc.assert(fc.property(fc.string({ maxLength: 600 }), (text) => assert.equal(cursor.safeParse(text).success, false)));
  for (
    const key of [[], ["x", "y"], ["0000-01-01T00:00:00+00:00", "y"], ["2026-11-24T13:14:15+20:00", "y"], { a: 1 }]
  ) {
    assert.equal(cursor.safeParse(writeCursor(key as string[])).success, false, JSON.stringify(key));
  }
});

Deno.test("a moment with any offset is the same moment in UTC, within the years of the database", () => {
  assert.equal(momentSchema.parse("2026-11-24T13:14:15+20:00"), "2026-11-23T17:14:15.000Z");
  for (
    const text of ["0000-06-01T00:00:00Z", "9999-12-31T23:59:59-23:00", "2026-11-24", "2026-11-24T13:14:15", "now"]
  ) {
    assert.equal(momentSchema.safeParse(text).success, false, text);
  }
});
