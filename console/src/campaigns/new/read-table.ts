import { readTable, textOf } from "../../platform/read-table.ts";
import type { TableRow } from "../../platform/table.ts";
import { checkSize, startsWithHeading } from "./table.ts";

/** Reads a CSV file with recipients. @throws WordedError that says what is wrong with it */
export async function readFile(file: File): Promise<TableRow[]> {
  return await readText(await textOf(file));
}

/** Reads a table of recipients. @throws WordedError */
export async function readText(text: string): Promise<TableRow[]> {
  const table = await readTable(text, "|");
  checkSize(table, startsWithHeading(table));
  return table;
}
