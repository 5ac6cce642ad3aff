import * as z from "zod";
import { type Cell, csvHead, csvLine } from "./csv-text.ts";

/** The columns by their names, in the order of the file. */
export type Columns<Row> = Readonly<Record<string, (row: Row) => Cell>>;

/** The query parameter of an operation that offers CSV as well. Its contract says `csv: true`. */
export const formatParameter = z.enum(["json", "csv"]).default("json")
  .describe("csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page");

/** @param name the file's name without its extension: letters, digits and hyphens */
export function csvHeaders(name: string) {
  return {
    "content-type": "text/csv; charset=utf-8; header=present",
    "content-disposition": `attachment; filename="${name}.csv"`,
  };
}

/**
 * The response with a page of a list as a file.
 * @param next the cursor of the next page; null on the last
 * @example csvResponse<Tenant>("tenants", { userId: ({ userId }) => userId, numbers: ({ numbers }) => numbers }, tenants)
 */
export function csvResponse<Row>(
  name: string,
  columns: Columns<Row>,
  { items, next }: { items: readonly Row[]; next: string | number | null },
): Response {
  const lines = items.map((item) => csvLine(Object.values(columns).map((valueOf) => valueOf(item))));
  return new Response(csvHead(Object.keys(columns)) + lines.join(""), {
    headers: { ...csvHeaders(name), ...(next !== null && { "x-next-cursor": String(next) }) },
  });
}
