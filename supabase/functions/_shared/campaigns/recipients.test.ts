import assert from "node:assert/strict";
import fc from "fast-check";
import { checkRecipients, type RecipientInput } from "./recipients.ts";

const number = fc.integer({ min: 2_000_000, max: 9_999_999 }).map((line) => `+1415${line}`);
const written = number.chain((to) =>
  fc.constantFrom(
    to,
    `${to.slice(0, 2)} (${to.slice(2, 5)}) ${to.slice(5, 8)}-${to.slice(8)}`,
    ` ${to}`,
    to.slice(1),
    "",
  )
);
const name = fc.constantFrom("name", "table", "Name_2");
const row: fc.Arbitrary<RecipientInput> = fc.record({
  to: written,
  variables: fc.option(fc.dictionary(name, fc.string({ maxLength: 30 })), { nil: undefined }),
});
const template = fc.array(fc.oneof(fc.string({ maxLength: 20 }), name.map((one) => `{{ ${one} }}`)), { maxLength: 6 })
  .map((parts) => parts.join(" "));

Deno.test("every row is either ready or rejected, and no number is ready twice", () => {
  fc.assert(fc.property(fc.array(row, { maxLength: 40 }), template, (rows, text) => {
    const { ready, rejected } = checkRecipients(rows, text);
    const places = [...ready.map(({ position }) => position), ...rejected.map(({ index }) => index)];
    assert.deepEqual(places.sort((left, right) => left - right), rows.map((_, index) => index));
    assert.equal(new Set(ready.map(({ to }) => to)).size, ready.length);
    for (const { to } of ready) assert.match(to, /^\+1415\d{7}$/);
  }));
});

Deno.test("a ready text has no placeholder left except from its own values, and fits a message", () => {
  fc.assert(fc.property(fc.array(row, { maxLength: 20 }), template, (rows, text) => {
    for (const { position, body } of checkRecipients(rows, text).ready) {
      const values = Object.values(rows[position]?.variables ?? {}).join("");
      if (!/[{}]/.test(values) && !/[{}]/.test(text.replaceAll(/\{\{ \w+ \}\}/g, ""))) {
        assert.doesNotMatch(body ?? "", /\{\{ \w+ \}\}/);
      }
      assert.ok((body ?? "").length <= 1600);
    }
  }));
});

Deno.test("a value is inserted unchanged", () => {
  const variables = { name: "$& {{table}} $1", table: "12" };
  const { ready } = checkRecipients([{ to: "+14155550100", variables }], "Dear {{name}}, table {{table}}");
  assert.equal(ready[0]?.body, "Dear $& {{table}} $1, table 12");
});

Deno.test("a variable that only the prototype has counts as missing", () => {
  const { rejected } = checkRecipients([{ to: "+14155550100", variables: {} }], "{{constructor}}");
  assert.deepEqual(rejected.map(({ code }) => code), ["missing_variable"]);
});

Deno.test("media need no text", () => {
  const { ready } = checkRecipients([{ to: "+14155550100" }], null);
  assert.deepEqual(ready, [{ position: 0, to: "+14155550100", country: "US", body: null }]);
});
