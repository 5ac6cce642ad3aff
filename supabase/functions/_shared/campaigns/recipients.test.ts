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

Deno.test("a ready recipient has a value for each placeholder and no other, and a text of at most 1,600 characters", () => {
  fc.assert(fc.property(fc.array(row, { maxLength: 20 }), template, (rows, text) => {
    const names = new Set(Array.from(text.matchAll(/\{\{ (name|table|Name_2) \}\}/g), ([, used]) => used!));
    for (const { position, variables } of checkRecipients(rows, text).ready) {
      const expected = [...names].map((used) => [used, rows[position]!.variables![used]]);
      assert.deepEqual(Object.entries(variables ?? {}), expected);
      const body = text.replaceAll(/\{\{ (name|table|Name_2) \}\}/g, (_, used) => variables![used]!);
      assert.ok(body.length <= 1600 && body.trim() !== "");
    }
  }));
});

Deno.test("a text is as long as its parts and every occurrence of each value: 1,600 characters are ready, one more is too long", () => {
  for (const [length, code] of [[532, undefined], [533, "body_too_long"]] as const) {
    const variables = { name: "x".repeat(length), unused: "x".repeat(1600) };
    const { rejected } = checkRecipients([{ to: "+14155550100", variables }], "abc {{name}}{{ name }}{{name}}");
    assert.equal(rejected[0]?.code, code);
  }
});

Deno.test("a text that is empty with these values, or has half of a surrogate pair, is rejected as invalid_text", () => {
  const codeOf = (text: string, name: string) =>
    checkRecipients([{ to: "+14155550100", variables: { name } }], text).rejected[0]?.code;
  for (
    const [text, name] of [[" {{name}} ", "\n"], ["{{name}}", ""], ["Hi {{name}}", "\ud83d"], ["Hi\0 {{name}}", "Ann"]]
  ) {
    assert.equal(codeOf(text!, name!), "invalid_text", JSON.stringify([text, name]));
  }
});

Deno.test("a variable that only the prototype has counts as missing", () => {
  const { rejected } = checkRecipients([{ to: "+14155550100", variables: {} }], "{{constructor}}");
  assert.deepEqual(rejected.map(({ code }) => code), ["missing_variable"]);
});

Deno.test("media need no text", () => {
  const { ready } = checkRecipients([{ to: "+14155550100" }], null);
  assert.deepEqual(ready, [{ position: 0, to: "+14155550100", country: "US", variables: null }]);
});
