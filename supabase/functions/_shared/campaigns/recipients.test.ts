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
const template = fc.array(
  fc.oneof(fc.string({ maxLength: 20 }).map((text) => text.replace(/[{}]/g, "")), name.map((one) => `{{ ${one} }}`)),
  { maxLength: 6 },
)
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
      const expected = [...names].map((used) => [` ${used} `, rows[position]!.variables![used]]);
      assert.deepEqual(Object.entries(variables ?? {}), expected);
      const body = text.replaceAll(/\{\{ (name|table|Name_2) \}\}/g, (_, used) => variables![` ${used} `]!);
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
    const [text, name] of [[" {{name}} ", "\n"], ["{{name}}", ""], ["\u3164{{name}}", "\u200b\u2800"], [
      "Hi {{name}}",
      "\ud83d",
    ], ["Hi\0 {{name}}", "Ann"]]
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

const codesOf = (rows: unknown[], text: string | null = "Hi", country?: string) =>
  checkRecipients(rows, text, country).rejected.map(({ index, to, code }) => [index, to, code]);
const textOf = (template: string, variables: Record<string, unknown>) => {
  const [ready] = checkRecipients([{ to: "+14155550100", variables }], template).ready;
  return ready && template.replace(/\{\{([^{}]+)\}\}/g, (_, written) => ready.variables![written]!);
};

Deno.test("a bad row is rejected with its position and reason, and the others are ready", () => {
  const rows = [
    { to: "" },
    { to: "+14155550100" },
    {},
    { to: null },
    { to: 4915123456789 },
    { to: "+4915123456789.0" },
    { to: "+14155550101", variables: [] },
    { to: "+14155550102", variables: "Ann" },
    "+14155550103",
    null,
    [],
    { to: "+14155550104", variables: null },
    { to: "+1".repeat(60) },
  ];
  assert.deepEqual(codesOf(rows), [
    [0, "", "invalid_recipient"],
    [2, "", "invalid_recipient"],
    [3, "", "invalid_recipient"],
    [4, "4915123456789", "invalid_recipient"],
    [5, "+4915123456789.0", "invalid_recipient"],
    [6, "+14155550101", "invalid_row"],
    [7, "+14155550102", "invalid_row"],
    [8, "", "invalid_row"],
    [9, "", "invalid_row"],
    [10, "", "invalid_row"],
    [12, "+1".repeat(32), "invalid_recipient"],
  ]);
  assert.deepEqual(checkRecipients(rows, "Hi").ready.map(({ position }) => position), [1, 11]);
});

Deno.test("with a default country, national numbers are ready and duplicates of the international ones", () => {
  const rows = [{ to: "0151 23456789" }, { to: "+49 151 23456789" }, { to: "0049 151 23456780" }, {
    to: "+1 415 555 0100",
  }];
  const { ready } = checkRecipients(rows, "Hi", "DE");
  assert.deepEqual(ready.map(({ to, country }) => [to, country]), [
    ["+4915123456789", "DE"],
    ["+4915123456780", "DE"],
    ["+14155550100", "US"],
  ]);
  assert.deepEqual(codesOf(rows, "Hi", "DE"), [[1, "+49 151 23456789", "duplicate_recipient"]]);
  assert.deepEqual(codesOf(rows.slice(0, 1)), [[0, "0151 23456789", "invalid_recipient"]]);
});

Deno.test("any column name is a placeholder, with blanks around it and letters composed or not", () => {
  assert.equal(textOf("Hi {{First Name}}", { "First Name": "Ann" }), "Hi Ann");
  for (
    const name of ["Straße (Haus-Nr.)", "1", "a.b", "ä", "名前", "x".repeat(120), "Zeile\nzwei", "$1", "__proto__"]
  ) {
    const variables = Object.fromEntries([[name, "Ann"]]);
    assert.equal(textOf(`Hi {{ ${name}\u00a0}}!`, variables), "Hi Ann!", name);
  }
  assert.equal(textOf("Hi {{Cafe\u0301}}", { "Caf\u00e9": "Ann" }), "Hi Ann");
  assert.equal(textOf("Hi {{Caf\u00e9}}", { " Cafe\u0301 ": "Ann" }), "Hi Ann");
  assert.equal(textOf("Hi {{name}}", { name: "exact", " name ": "other" }), "Hi exact");
  assert.equal(textOf("Hi {{na\u200bme}}", { "\ufeffname": "Ann" }), "Hi Ann", "invisible characters");
  assert.equal(textOf("Hi {{n\u200cm}}", { nm: "other", "n\u200cm": "exact" }), "Hi exact");
});

Deno.test("numbers and booleans are taken as text, null as missing, and what has no certain text rejects its row", () => {
  assert.equal(textOf("{{a}} {{b}} {{c}}", { a: 4711, b: true, c: -0.5 }), "4711 true -0.5");
  const codeOf = (value: unknown) => codesOf([{ to: "+14155550100", variables: { a: value } }], "Hi {{a}}")[0]?.[2];
  assert.equal(codeOf(null), "missing_variable");
  assert.equal(codeOf(undefined), "missing_variable");
  for (const value of [{}, [], 2 ** 53, 1e21, 1e-7]) assert.equal(codeOf(value), "invalid_variable", String(value));
  assert.deepEqual(codesOf([{ to: "+14155550100", variables: { a: "Ann", unused: {} } }], "Hi {{a}}"), []);
});

Deno.test("values are inserted as they are and never scanned", () => {
  for (const value of ["{{b}}", "{{", "}}", "$&", "$1", "\\1", "{{{a}}}"]) {
    assert.equal(textOf("Hi {{a}}{{b}}", { a: value, b: "!" }), `Hi ${value}!`);
  }
});

Deno.test("unknown columns of rows are named, at most twenty, and do not reject the row", () => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`column ${index}`, index]));
  const { ready, ignoredColumns } = checkRecipients([{ to: "+14155550100", city: "Ulm" }, {
    to: "+14155550101",
    ...many,
  }], "Hi");
  assert.equal(ready.length, 2);
  assert.deepEqual([ignoredColumns[0], ignoredColumns[1], ignoredColumns.length], ["city", "column 0", 20]);
});
