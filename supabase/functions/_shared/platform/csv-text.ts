/** A value of a cell. A number stays a number, null is an empty cell, and a text is guarded against formulas. */
export type Cell = string | number | boolean | null;

/** Spreadsheets read a file of UTF-8 without this mark in the local encoding. */
const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Where a formula begins. Where lists are separated by semicolons, a spreadsheet also sees the beginning of a cell after a
 * semicolon, a tab or a line's end, regardless of quotes. A formula may follow blanks and invisible characters, and
 * begins with a full-width sign as well. A leading tab or line's end is dropped by some spreadsheets.
 */
const BEGINNING = /(?!^\+\d+$)(?<=^|[;\t\r\n])(?='*[[\s\p{C}\p{DI}]--[\t\r\n]]*[=+\-@＝＋－＠])|^(?='*[\t\r\n])/gv;
const GUARD = /(?<=^|[;\t\r\n])'(?='*[[\s\p{C}\p{DI}]--[\t\r\n]]*[=+\-@＝＋－＠])|^'(?='*[\t\r\n])/gv;

/**
 * A text that no spreadsheet takes for a formula: an apostrophe precedes each beginning of one. A number in E.164 alone in
 * its cell stays as it is: its value is a number. `unguarded` is the inverse.
 */
export const guarded = (text: string): string => text.replaceAll(BEGINNING, "'");

/** The text from which `guarded` made this one. */
export const unguarded = (text: string): string => text.replaceAll(GUARD, "");

/** The names of the columns, at the beginning of the file. */
export const csvHead = (names: readonly string[]): string => BYTE_ORDER_MARK + csvLine(names);

/** A row of a table as RFC 4180 describes it. */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(written).join(",")}\r\n`;

function written(cell: Cell): string {
  if (typeof cell === "number" && !Number.isFinite(cell)) throw new Error(`Cannot write the number ${cell}`);
  if (typeof cell !== "string") return cell === null ? "" : String(cell);
  const text = guarded(cell);
  return /[",;\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
