import { MOST_RECIPIENTS } from "../../../../supabase/functions/_shared/campaigns/limits.ts";
import { columnName } from "../../../../supabase/functions/_shared/campaigns/template.ts";
import type { TableRow } from "../../platform/table.ts";
import { WordedError } from "../../platform/wording.ts";

/** A cell that may be a phone number: seven to fifteen digits, with the signs that are usual between them. */
export function looksLikeNumber(cell: string): boolean {
  if (!/^[+(]?[\d\s().\/\u2010-\u2015-]+$/.test(cell.trim())) return false;
  const digits = cell.replace(/\D/g, "").length;
  return digits >= 7 && digits <= 15;
}

/** Whether the first row names the columns: no cell of it is a number or empty at its end, and all differ. */
export function startsWithHeading([first, second]: readonly TableRow[]): boolean {
  if (first === undefined) return false;
  const names = first.cells.filter((cell) => cell !== "");
  if (names.some((cell) => looksLikeNumber(cell)) || new Set(names).size < names.length) return false;
  return second === undefined || second.cells.some(looksLikeNumber) || !/\d{5}/.test(first.cells.join(""));
}

/** A placeholder's name has no braces, and at most so many characters. */
const LONGEST_NAME = 100;

/** The names of the columns, each of them once: those of the heading where it has them. */
export function columnsOf(table: readonly TableRow[], hasHeading: boolean): string[] {
  const width = table.reduce((widest, { cells }) => Math.max(widest, cells.length), 0);
  const heading = hasHeading ? table[0]?.cells ?? [] : [];
  const used = new Set<string>();
  return Array.from({ length: width }, (_, index) => {
    const named = columnName((heading[index] ?? "").replaceAll(/[{}\uff5b\uff5d\ufe5b\ufe5c\s]+/g, " ").toWellFormed())
      .slice(0, LONGEST_NAME).trim();
    const name = named === "" ? `Column ${index + 1}` : named;
    let unique = name;
    for (let copy = 2; used.has(unique); copy += 1) unique = `${name} ${copy}`;
    used.add(unique);
    return unique;
  });
}

/** The rows that stand for recipients. */
export function dataRowsOf(table: readonly TableRow[], hasHeading: boolean): readonly TableRow[] {
  return hasHeading ? table.slice(1) : table;
}

const NUMBER_NAME = /phone|mobile|cell|tel(ephone|efon)?\b|handy|number|msisdn|whatsapp|sms|nummer|^to$/i;
const OTHER_NAME = /\bid\b|order|invoice|zip|post|account|customer|kunden|bestell|rechnung|date|amount/i;
/** How many rows the guess looks at. */
const SAMPLE = 100;

/** The column that has the phone numbers, by its content and its name; null where none looks like it. */
export function guessNumberColumn(columns: readonly string[], rows: readonly TableRow[]): number | null {
  const sample = rows.slice(0, SAMPLE);
  const scores = columns.map((name, index) => {
    const filled = sample.map(({ cells }) => cells[index] ?? "").filter((cell) => cell !== "");
    const numbers = filled.filter(looksLikeNumber);
    const share = filled.length === 0 ? 0 : numbers.length / filled.length;
    const international = numbers.filter((cell) => cell.startsWith("+")).length / Math.max(1, numbers.length);
    return share + international / 2 + (NUMBER_NAME.test(name) ? 0.6 : 0) - (OTHER_NAME.test(name) ? 0.4 : 0);
  });
  const best = Math.max(...scores, 0);
  return best < 0.5 ? null : scores.indexOf(best);
}

/** @throws WordedError when there are no rows, or more than a campaign may have */
export function checkSize(table: readonly TableRow[], hasHeading: boolean): void {
  const rows = table.length - (hasHeading ? 1 : 0);
  if (rows <= 0) throw new WordedError("empty_list", "There is no recipient in this list");
  if (rows > MOST_RECIPIENTS) {
    throw new WordedError(
      "too_many_recipients",
      `These are ${rows.toLocaleString()} recipients. A campaign has at most ${MOST_RECIPIENTS.toLocaleString()}: split the list`,
    );
  }
}
