import assert from "node:assert/strict";
import fc from "fast-check";
import Papa from "papaparse";
import { csvResponse } from "./csv.ts";
import { type Cell, csvHead, csvLine, guarded, unguarded } from "./csv-text.ts";

const SIGNS = [
  "=",
  "+",
  "-",
  "@",
  "\t",
  "\r",
  "\n",
  "＝",
  "＋",
  "－",
  "＠",
  "'",
  '"',
  ",",
  ";",
  " ",
  "\u00a0",
  "\u200b",
];
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.oneof(fc.constantFrom(...SIGNS), fc.string({ maxLength: 3 })), { maxLength: 8 }).map((parts) =>
    parts.join("")
  ),
);
const cell: fc.Arbitrary<Cell> = fc.oneof(
  text,
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.boolean(),
  fc.constant(null),
);

/** The cells that a parser of CSV reads. */
function parsed(csv: string, delimiter = ","): string[][] {
  const { data, errors } = Papa.parse(csv, { delimiter, newline: "\r\n" }) as { data: string[][]; errors: unknown[] };
  assert.deepEqual(errors, []);
  return data.slice(0, -1);
}

/** What a spreadsheet evaluates. The value of a number in E.164 is a number. */
const FORMULA = /^(?!\+\d+$)[\s\p{C}\p{DI}]*[=+\-@＝＋－＠]/u;

Deno.test("a CSV parser reads back every value of every row, in its column", () => {
  fc.assert(fc.property(fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }), (rows) => {
    const csv = csvHead(["a", "b", "c"]) + rows.map(csvLine).join("");
    assert.ok(csv.startsWith("\uFEFFa,b,c\r\n"));
    const [, ...read] = parsed(csv.slice(1));
    const expected = rows.map((row) => row.map((value) => value === null ? "" : String(value)));
    assert.deepEqual(read.map((cells) => cells.map(unguarded)), expected);
    const numbers = rows.flatMap((row, at) => row.map((value, of) => [value, read[at]![of]] as const))
      .filter(([value]) => typeof value === "number");
    for (const [value, written] of numbers) {
      assert.ok(Object.is(Number(written!) + 0, (value as number) + 0), String(written));
    }
  }));
});

Deno.test("no cell of a text is a formula, also for a spreadsheet that separates cells by semicolons or tabs", () => {
  fc.assert(fc.property(text, (value) => {
    assert.doesNotMatch(parsed(csvLine([value]))[0]![0]!, FORMULA);
    for (const part of guarded(value).split(/[;\t\r\n]/)) assert.doesNotMatch(part, FORMULA);
    assert.equal(unguarded(guarded(value)), value);
    assert.equal(unguarded(guarded(guarded(value))), guarded(value));
  }));
});

Deno.test("a text is guarded where a spreadsheet would see a formula, and nowhere else", () => {
  const cases: [string, string][] = [
    ["=1+1", "'=1+1"],
    ["+4930123456", "+4930123456"],
    ["+4930123456+1", "'+4930123456+1"],
    ["x;+4930123456", "x;'+4930123456"],
    ["'+4930123456", "''+4930123456"],
    ["+4930123456\n", "'+4930123456\n"],
    ["-2", "'-2"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["＝1＋1", "'＝1＋1"],
    [" \u00a0=1", "' \u00a0=1"],
    ["\u200b=1", "'\u200b=1"],
    ["\tx", "'\tx"],
    ["\r=1", "'\r'=1"],
    ["x;=1", "x;'=1"],
    ["a\n- b", "a\n'- b"],
    ["'=1", "''=1"],
    ["'s-Hertogenbosch", "'s-Hertogenbosch"],
    ["Berlin, +49", "Berlin, +49"],
    ["1-1", "1-1"],
    ["", ""],
  ];
  for (const [value, expected] of cases) assert.equal(guarded(value), expected, JSON.stringify(value));
});

Deno.test("a number that is none cannot be written", () => {
  assert.throws(() => csvLine([NaN]), /Cannot write the number NaN/);
});

Deno.test("a CSV response is a named file, and its header has the cursor of the next page", async () => {
  const response = csvResponse("tenants", { name: (name: string) => name }, { items: ['Ann "A", B'], next: "abc" });
  assert.deepEqual([...response.headers], [
    ["content-disposition", 'attachment; filename="tenants.csv"'],
    ["content-type", "text/csv; charset=utf-8; header=present"],
    ["x-next-cursor", "abc"],
  ]);
  assert.equal(
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(await response.arrayBuffer()),
    '\uFEFFname\r\n"Ann ""A"", B"\r\n',
  );
  const last = csvResponse("tenants", { name: (name: string) => name }, { items: [], next: null });
  assert.equal(last.headers.get("x-next-cursor"), null);
});
