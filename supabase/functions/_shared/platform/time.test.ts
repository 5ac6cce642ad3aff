import assert from "node:assert/strict";
import fc from "fast-check";
import { momentInQuery, momentSchema } from "./time.ts";

Deno.test("a moment with any offset is the same moment in UTC", () => {
  assert.equal(momentSchema.parse("2026-11-24T13:14:15+20:00"), "2026-11-23T17:14:15.000Z");
  assert.equal(momentSchema.parse("1999-12-31T23:30:00-01:00"), "2000-01-01T00:30:00.000Z");
});

Deno.test("a moment without a time zone, before 2000 or from 2100 on is refused with the reason", () => {
  const reasonOf = (text: string) => momentSchema.safeParse(text).error?.issues.map(({ message }) => message).join();
  for (const text of ["2026-11-24", "2026-11-24T13:14:15", "2026-11-24 13:14:15Z", "now", "", "1700000000"]) {
    assert.equal(reasonOf(text), "must be ISO 8601 with a time zone, such as 2026-11-26T12:00:00Z", text);
  }
  for (
    const text of [
      "1970-01-01T00:00:00Z",
      "1999-12-31T23:59:59.999Z",
      "2000-01-01T00:30:00+01:00",
      "2100-01-01T00:00:00Z",
      "2099-12-31T23:30:00-01:00",
      "0000-06-01T00:00:00Z",
      "9999-12-31T23:59:59-23:00",
    ]
  ) assert.equal(reasonOf(text), "must be in the years 2000 to 2099", text);
});

Deno.test("a moment in a query is understood with an encoded and an unencoded +, and means the same", () => {
  const inQuery = (text: string) => momentInQuery.parse(new URLSearchParams(`since=${text}`).get("since"));
  const min = new Date("2001-01-01T00:00:00Z");
  const max = new Date("2098-01-01T00:00:00Z");
  fc.assert(
    fc.property(fc.date({ min, max, noInvalidDate: true }), fc.integer({ min: -1439, max: 1439 }), (time, minutes) => {
      const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
      const offset = `${minutes < 0 ? "-" : "+"}${`${hours}`.padStart(2, "0")}:${`${rest}`.padStart(2, "0")}`;
      const text = new Date(time.getTime() + minutes * 60_000).toISOString().replace("Z", offset);
      assert.equal(inQuery(text), time.toISOString());
      assert.equal(inQuery(encodeURIComponent(text)), time.toISOString());
    }),
  );
  for (const text of ["2026-11-24T13:14:15", "2026-11-24%2013:14:15", "2026-11-24T13:14:15++02:00", "+02:00"]) {
    assert.equal(momentInQuery.safeParse(new URLSearchParams(`since=${text}`).get("since")).success, false, text);
  }
});
