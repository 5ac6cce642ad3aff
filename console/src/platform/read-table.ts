import { unguarded } from "../../../supabase/functions/_shared/platform/csv-text.ts";
import { loadInTime } from "./load-in-time.ts";
import { decoded, tableOf, type TableRow } from "./table.ts";
import { WordedError } from "./wording.ts";

/** The largest file that is read. A request with as many recipients as a campaign may have is below 8 MB. */
export const MOST_BYTES = 5 * 1024 * 1024;

const TOO_LARGE = `This is larger than ${MOST_BYTES / 1024 / 1024} MB. Leave columns out that are not needed`;

/** The text of a CSV file, in any encoding that spreadsheets write. @throws WordedError that says what is wrong with the file */
export async function textOf(file: File): Promise<string> {
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
  return checked(decoded(bytes));
}

/** A text without its byte order mark. @throws WordedError if it is too long to be read, or no text */
function checked(text: string): string {
  if (text.length > MOST_BYTES) throw new WordedError("file_too_large", TOO_LARGE);
  if (text.includes("\0")) throw new WordedError("not_csv", "This is not a text file. Choose a CSV file");
  return text.replace(/^\uFEFF/, "");
}

/** What separates the cells of a row, the most usual first. */
const DELIMITERS = [",", ";", "\t"];

/**
 * Reads a table whose cells are separated by commas, semicolons or tabs.
 * @param delimiters what else may separate them
 * @throws WordedError
 */
export async function readTable(text: string, ...delimiters: string[]): Promise<TableRow[]> {
  const content = checked(text);
  // The parser is needed for this alone.
  const { default: Papa } = await loadInTime(() => import("papaparse"));
  // Blank rows count for the lines, but would mislead the guess.
  const { meta: { delimiter } } = Papa.parse(content, {
    delimitersToGuess: [...DELIMITERS, ...delimiters],
    skipEmptyLines: "greedy",
    preview: 20,
  });
  const rows: string[][] = Papa.parse(content, { delimiter, skipEmptyLines: false }).data;
  // Files that the product itself has written guard cells against formulas.
  return tableOf(rows.map((cells) => cells.map(unguarded)));
}
