import { type Cell, csvHead, csvLine } from "../../../supabase/functions/_shared/platform/csv-text.ts";

/** Spreadsheets read a file of UTF-8 without this mark in the local encoding. Reading a response removes it. */
const BYTE_ORDER_MARK = "\uFEFF";

/** Saves a text as a file of the user. @param name with its extension, such as `campaign.csv` */
export function download(name: string, text: string, type = "text/csv;charset=utf-8"): void {
  const isMarked = text.startsWith(BYTE_ORDER_MARK) || !type.startsWith("text/csv");
  const url = URL.createObjectURL(new Blob([isMarked ? text : BYTE_ORDER_MARK + text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the file after this task.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A table as CSV that no spreadsheet takes for formulas. */
export function csvOf(names: readonly string[], rows: Iterable<readonly Cell[]>): string {
  return csvHead(names) + Array.from(rows, csvLine).join("");
}
