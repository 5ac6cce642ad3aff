import type { ContactRow } from "../../../client/switchboard.ts";
import { type TableRow, withNamedColumns } from "../platform/table.ts";

/** The columns, by the names that other programs give them. */
const COLUMNS: Readonly<Record<"phoneNumber" | "name" | "tags" | "notes", RegExp>> = {
  phoneNumber: /^(phone|phone ?number|number|mobile|tel|telephone)$/,
  name: /^(name|full ?name|contact)$/,
  tags: /^(tags?|labels?|groups?)$/,
  notes: /^(notes?|comments?|description)$/,
};
type Column = keyof typeof COLUMNS;

/** The columns of a text without a heading. */
const DEFAULT_COLUMNS: readonly (Column | null)[] = ["phoneNumber", "name", "tags", "notes"];

/** A row of the text, and its line for messages about it. */
export interface PastedContact {
  line: number;
  contact: ContactRow;
}

/**
 * Reads contacts from a pasted table: one line for each, with a number and, separated by commas, semicolons or tabs, a name,
 * tags and notes. A first line without a digit names the columns. Several tags are separated by `|`.
 */
export function pastedContacts(table: readonly TableRow[]): PastedContact[] {
  const { columns, rows } = withNamedColumns(table, COLUMNS);
  return rows.map(({ line, cells }) => ({ line, contact: contactOf(cells, columns ?? DEFAULT_COLUMNS) }));
}

/** A cell that is empty, or missing, leaves what is known as it is. */
function contactOf(cells: readonly string[], columns: readonly (Column | null)[]): ContactRow {
  const contact: ContactRow = {};
  for (const [index, column] of columns.entries()) {
    const text = cells[index] ?? "";
    if (column === null || text === "") continue;
    if (column === "tags") contact.tags = text.split("|").map((tag) => tag.trim()).filter(Boolean);
    else contact[column] = text;
  }
  return contact;
}
