import assert from "node:assert/strict";
import fc from "fast-check";
import { type Detail, detailsOf, inWords } from "./details.ts";

Deno.test("names of fields become words", () => {
  assert.equal(inWords("accountSid"), "Account SID");
  assert.equal(inWords("account_sid"), "Account SID");
  assert.equal(inWords("deliver-alert"), "Deliver alert");
  assert.equal(inWords("letterIds"), "Letter IDs");
  for (const text of ["sms:US", "GB mms", "", "AC123"]) assert.equal(inWords(text), text);
});

Deno.test("details show times, answers and lists as people write them, and leave out what is empty", () => {
  assert.deepEqual(detailsOf({ held: true, codes: ["a", 2], price: 1.5, note: null, kinds: {}, texts: [] }), [
    { label: "Held", value: "Yes" },
    { label: "Codes", value: "a, 2" },
    { label: "Price", value: "1.5" },
  ]);
  assert.deepEqual(detailsOf({ sms: { usageCount: 2 } }), [{
    label: "SMS",
    value: [{ label: "Usage count", value: "2" }],
  }]);
});

Deno.test("the details of any record are shown whole, and none is empty", () => {
  const leaves = (details: readonly Detail[]): string[] =>
    details.flatMap(({ value }) => typeof value === "string" ? [value] : leaves(value));
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.integer())), (record) => {
    const values = Object.values(record).flatMap((part) => Object.values(part));
    assert.deepEqual(leaves(detailsOf(record)).map(Number), values);
  }));
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.integer()), (record) => {
    assert.deepEqual(detailsOf(record).map(({ value }) => Number(value)), Object.values(record));
  }));
});
