import assert from "node:assert/strict";
import fc from "fast-check";
import Papa from "papaparse";
import { csvOf } from "./download.ts";
import { readTable, textOf } from "./read-table.ts";
import { decoded, tableOf, withNamedColumns } from "./table.ts";

const cell = fc.string({ unit: fc.constantFrom("a", "Z", " ", ",", ";", '"', "\n", "\r\n", "1", "+", "é", "🎉") });
const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 12 });

Deno.test("every row that is not blank is in the table once, with the line on which it begins", () => {
  fc.assert(fc.property(rows, fc.constantFrom(",", ";", "\t"), (cells, delimiter) => {
    const text = Papa.unparse(cells, { delimiter, newline: "\n", quotes: true });
    const parsed: string[][] = Papa.parse(text, { delimiter, newline: "\n", skipEmptyLines: false }).data;
    const table = tableOf(parsed);
    const filled = cells.filter((row) => row.some((value) => value.trim() !== ""));
    assert.deepEqual(table.map((row) => row.cells), filled.map((row) => row.map((value) => value.trim())));
    const lines = text.split(/\r\n|\r|\n/);
    for (const { line, cells: [first] } of table) {
      const begin = (first ?? "").split(/\r\n|\r|\n/)[0]!.trim().replaceAll('"', '""');
      assert.ok(lines[line - 1]!.startsWith('"'), `line ${line} of ${JSON.stringify(text)}`);
      assert.ok(lines.slice(line - 1).join("\n").includes(begin));
    }
  }));
});

Deno.test("the encodings that spreadsheets write are decoded", () => {
  assert.equal(decoded(new TextEncoder().encode("Jörg")), "Jörg");
  assert.equal(decoded(Uint8Array.of(0x4a, 0xf6, 0x72, 0x67)), "Jörg");
  assert.equal(decoded(Uint8Array.of(0xff, 0xfe, 0x4a, 0, 0xf6, 0)), "Jö");
});

Deno.test("a file is read in any encoding, and one that is no text or too large says so", async () => {
  const file = (...parts: BlobPart[]) => new File(parts, "list.csv");
  assert.equal(await textOf(file("\uFEFFJörg")), "Jörg");
  assert.equal(await textOf(file(Uint8Array.of(0x4a, 0xf6, 0x72, 0x67))), "Jörg");
  await assert.rejects(textOf(file("PK\u0003\u0004")), /Save it as CSV/);
  await assert.rejects(textOf(file("PNG\0\0")), /not a text file/);
  await assert.rejects(textOf(file("x".repeat(6_000_000))), /larger than 5 MB/);
});

Deno.test("a table that the product wrote is read as it was, guards against formulas removed", async () => {
  const written = fc.array(fc.tuple(fc.constant("+14155550142"), cell.filter((text) => !text.includes("\0"))), {
    minLength: 1,
  });
  await fc.assert(fc.asyncProperty(written, async (rows) => {
    const table = await readTable(csvOf(["number", "name"], rows));
    assert.deepEqual(table.slice(1).map(({ cells }) => cells), rows.map((row) => row.map((text) => text.trim())));
  }));
  const [, formula] = await readTable(csvOf(["number", "name"], [["+14155550142", "=SUM(A1)"]]));
  assert.equal(formula!.cells[1], "=SUM(A1)");
});

Deno.test("columns are found by their names in a heading, however these are written", () => {
  const names = { phoneNumber: /^phone ?number$/, name: /^name$/ };
  const table = (...rows: string[][]) => tableOf(rows);
  for (const phone of ["phoneNumber", "Phone_Number", "PHONE-NUMBER", "phone number"]) {
    const { columns, rows } = withNamedColumns(table(["E-Mail", phone, "Name"], ["", "+1415", "Ada"]), names);
    assert.deepEqual([columns, rows.map(({ line }) => line)], [[null, "phoneNumber", "name"], [2]]);
  }
  assert.equal(withNamedColumns(table(["+14155550142", "Ada"]), names).columns, null);
  assert.deepEqual(withNamedColumns([], names), { columns: null, rows: [] });
});
