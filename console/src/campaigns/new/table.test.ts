import assert from "node:assert/strict";
import fc from "fast-check";
import { columnsOf, guessNumberColumn, looksLikeNumber, startsWithHeading } from "./table.ts";
import { readText } from "./read-table.ts";

Deno.test("a file with a byte order mark, semicolons, tabs, quotes and line breaks in cells is read", async () => {
  const comma = await readText('\uFEFFPhone,Name\n+14155550101,"Ada, ""Countess""\nLovelace"\n\n+14155550102,Grace\n');
  assert.deepEqual(comma.map(({ line }) => line), [1, 2, 5]);
  assert.equal(comma[1]!.cells[1], 'Ada, "Countess"\nLovelace');
  for (const delimiter of [";", "\t", "|"]) {
    const table = await readText(`Phone${delimiter}Name\r\n0151 23456789${delimiter}Jörg\r\n`);
    assert.deepEqual(table.map(({ cells }) => cells), [["Phone", "Name"], ["0151 23456789", "Jörg"]]);
  }
  const single = await readText("+14155550101\n+14155550102\n");
  assert.deepEqual(single.map(({ cells }) => cells), [["+14155550101"], ["+14155550102"]]);
});

Deno.test("a list that is too long, empty, or no text is refused with what to do", async () => {
  await assert.rejects(readText("Phone,Name\n\n"), /no recipient/);
  await assert.rejects(readText("+14155550101\n".repeat(10_001)), /at most 10,000: split the list/);
  await assert.rejects(readText("PNG\0\0"), /not a text file/);
  await assert.rejects(readText("x".repeat(6_000_000)), /larger than 5 MB/);
});

const table = (...cells: string[][]) => cells.map((row, index) => ({ line: index + 1, cells: row }));

Deno.test("a first line with names is a heading, and one with a number is not", () => {
  assert.equal(startsWithHeading(table(["Phone", "Name"], ["+14155550101", "Ada"])), true);
  assert.equal(startsWithHeading(table(["Mobile"], ["0151 23456789"])), true);
  assert.equal(startsWithHeading(table(["+14155550101", "Ada"], ["+14155550102", "Grace"])), false);
  assert.equal(startsWithHeading(table(["0151 23456789", "Ada"])), false);
  assert.equal(startsWithHeading([]), false);
});

Deno.test("the column of the numbers is found by content and name", () => {
  const guess = (...cells: string[][]) => {
    const all = table(...cells);
    return guessNumberColumn(columnsOf(all, true), all.slice(1));
  };
  assert.equal(guess(["Name", "Mobile"], ["Ada", "+14155550101"], ["Grace", "bad"]), 1);
  assert.equal(guess(["Customer ID", "Contact"], ["10000001", "(415) 555-0101"], ["10000002", "415.555.0102"]), 1);
  assert.equal(guess(["Order number", "Phone"], ["20260001", "+14155550101"]), 1);
  assert.equal(guess(["Telefon", "Kundennummer"], ["0151 23456789", "12345678"]), 0);
  assert.equal(guess(["Name", "City"], ["Ada", "London"]), null);
  for (const text of ["+1 (415) 555-0142", "0151/23456789", "415.555.0142"]) assert.ok(looksLikeNumber(text), text);
  for (const text of ["", "12", "Ada", "2026-11-27T09:00", "+"]) assert.ok(!looksLikeNumber(text), text);
});

Deno.test("each column has one name, which can be a placeholder", () => {
  assert.deepEqual(columnsOf(table(["Name", "Name", "", "a{{b}}\nc"], ["1", "2", "3", "4", "5"]), true), [
    "Name",
    "Name 2",
    "Column 3",
    "a b c",
    "Column 5",
  ]);
  const text = fc.string({ unit: "grapheme", maxLength: 140 });
  fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), (heading) => {
    const columns = columnsOf(table(heading), true);
    assert.equal(new Set(columns).size, heading.length);
    for (const name of columns) assert.match(name, /^[^{}]{1,128}$/u);
  }));
});
