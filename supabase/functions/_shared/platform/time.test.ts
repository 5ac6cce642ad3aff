import assert from "node:assert/strict";
import { momentSchema } from "./time.ts";

Deno.test("a moment with any offset is the same moment in UTC, within the years of the database", () => {
  assert.equal(momentSchema.parse("2026-11-24T13:14:15+20:00"), "2026-11-23T17:14:15.000Z");
  for (
    const text of ["0000-06-01T00:00:00Z", "9999-12-31T23:59:59-23:00", "2026-11-24", "2026-11-24T13:14:15", "now"]
  ) {
    assert.equal(momentSchema.safeParse(text).success, false, text);
  }
});
