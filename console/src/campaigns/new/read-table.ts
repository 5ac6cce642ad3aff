import { unguarded } from "../../../../supabase/functions/_shared/platform/csv-text.ts";
import { loadInTime } from "../../platform/load-in-time.ts";
import { WordedError } from "../../platform/wording.ts";
import { checkSize, decoded, MOST_BYTES, startsWithHeading, tableOf, type TableRow } from "./table.ts";

const TOO_LARGE = `This is larger than ${
  MOST_BYTES / 1024 / 1024
} MB. Leave columns out that the message does not need`;

/** Reads a CSV file. @throws WordedError that says what is wrong with it */
export async function readFile(file: File): Promise<TableRow[]> {
  if (file.size > MOST_BYTES) throw new WordedError("file_too_large", TOO_LARGE);
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new WordedError("file_unreadable", "This file cannot be read. Choose it again");
  }
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    throw new WordedError("not_csv", "This is a spreadsheet. Save it as CSV, and choose that file");
  }
  return await readText(decoded(bytes));
}

/** Reads a table in which cells are separated by commas, semicolons or tabs. @throws WordedError */
export async function readText(text: string): Promise<TableRow[]> {
  if (text.length > MOST_BYTES) throw new WordedError("file_too_large", TOO_LARGE);
  if (text.includes("\0")) throw new WordedError("not_csv", "This is not a text file. Choose a CSV file");
  // The parser is needed here alone.
  const { default: Papa } = await loadInTime(() => import("papaparse"));
  const content = text.replace(/^\uFEFF/, "");
  // Blank rows count for the lines, but would mislead the guess.
  const { meta: { delimiter } } = Papa.parse(content, {
    delimitersToGuess: [",", ";", "\t", "|"],
    skipEmptyLines: "greedy",
    preview: 20,
  });
  const rows: string[][] = Papa.parse(content, { delimiter, skipEmptyLines: false }).data;
  // Files that the console itself has written guard cells against formulas.
  const table = tableOf(rows.map((cells) => cells.map(unguarded)));
  checkSize(table, startsWithHeading(table));
  return table;
}
