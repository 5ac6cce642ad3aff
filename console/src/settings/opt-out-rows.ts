import type { AddedOptOuts, NewOptOut, NewOptOuts, RejectedOptOut } from "../../../client/switchboard.ts";
import { type TableRow, withNamedColumns } from "../platform/table.ts";

/** The columns, by the names that other programs give them. */
const COLUMNS: Readonly<Record<keyof NewOptOut, RegExp>> = {
  recipient: /^(recipient|to|phone|phone ?number|number|mobile|tel|telephone|contact)$/,
  from: /^(from|sender|own number|messaging service|originator)$/,
  optedOutAt: /^(opted ?out ?at|opted ?out|date|time|at|created ?at|unsubscribed ?at)$/,
};
type Column = keyof typeof COLUMNS;

/** A row of the text, and its line for messages about it. */
export interface OptOutRow {
  line: number;
  optOut: NewOptOut;
}

/**
 * Reads opt-outs from a pasted table: one line for each, with the recipient's number in the first column. A first line without
 * a digit names the columns; an export of this console has such a line.
 */
export function optOutRows(table: readonly TableRow[]): OptOutRow[] {
  const { columns, rows } = withNamedColumns(table, COLUMNS);
  const found = columns?.includes("recipient") ? columns : ["recipient" as const];
  return rows.map(({ line, cells }) => ({ line, optOut: optOutOf(cells, found) }));
}

function optOutOf(cells: readonly string[], columns: readonly (Column | null)[]): NewOptOut {
  const optOut: NewOptOut = {};
  for (const [index, column] of columns.entries()) {
    const text = cells[index] ?? "";
    if (column !== null && text !== "") optOut[column] ??= text;
  }
  return optOut;
}

/** As many as one request takes. */
const PART = 1_000;
/** As many as are imported at once: a request for each thousand, and 60 are allowed a minute. */
export const MOST_IMPORTED = 20_000;

export interface ImportResult {
  added: number;
  known: number;
  rejected: { line: number; recipient: string; message: string }[];
  /** How many rows the server has answered. Fewer than all: `error` stopped the rest. */
  done: number;
  error: unknown;
}

/** Adds rows, a thousand at a time. After a failure the rest is not sent: the same import again is safe. */
export async function importInParts(
  rows: readonly OptOutRow[],
  add: (optOuts: NewOptOut[]) => Promise<AddedOptOuts>,
): Promise<ImportResult> {
  const result: ImportResult = { added: 0, known: 0, rejected: [], done: 0, error: null };
  for (let start = 0; start < rows.length; start += PART) {
    const part = rows.slice(start, start + PART);
    try {
      const { added, known, rejected } = await add(part.map(({ optOut }) => optOut));
      result.added += added;
      result.known += known;
      result.rejected.push(...rejected.map((row) => rejectedLine(row, part)));
      result.done += part.length;
    } catch (error) {
      return { ...result, error };
    }
  }
  return result;
}

function rejectedLine({ index, recipient, message }: RejectedOptOut, part: readonly OptOutRow[]) {
  return { line: part[index]?.line ?? index + 1, recipient, message };
}

export const SOURCES = ["received", "reported", "imported", "manual"] as const satisfies readonly (
  | NonNullable<NewOptOuts["source"]>
  | "received"
  | "reported"
)[];
type Source = (typeof SOURCES)[number];

export const SOURCE_NAMES: Readonly<Record<Source, string>> = {
  received: "Their message",
  reported: "Twilio",
  imported: "Import",
  manual: "Added by you",
};

export interface OptOutFilters {
  /** As it was typed. */
  search?: string;
  source?: Source;
}

/** Reads the filters from the query of an address. */
export function optOutFiltersOf(query: URLSearchParams): OptOutFilters {
  const filters: OptOutFilters = {};
  // An address that was written by hand has a blank where the + is not escaped.
  const search = query.get("search")?.replace(/^ (?=\d)/, "+").trim().slice(0, 64);
  if (search) filters.search = search;
  const source = SOURCES.find((one) => one === query.get("source"));
  if (source !== undefined) filters.source = source;
  return filters;
}

/** The query of an address, with its question mark; empty without a filter. */
export function optOutAddressOf({ search, source }: OptOutFilters): string {
  const query = new URLSearchParams();
  if (search !== undefined && search.trim() !== "") query.set("search", search.trim());
  if (source !== undefined) query.set("source", source);
  return query.size === 0 ? "" : `?${query}`;
}
