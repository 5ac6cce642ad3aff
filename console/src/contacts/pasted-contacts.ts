import type { ContactRow } from "../../../client/switchboard.ts";

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
 * @param rows the cells of each line, as a CSV parser returns them
 */
export function pastedContacts(rows: readonly (readonly string[])[]): PastedContact[] {
  const heading = rows[0] !== undefined && !rows[0].some((cell) => /\d/.test(cell)) ? rows[0] : undefined;
  const columns = heading?.map(columnOf) ?? DEFAULT_COLUMNS;
  return rows
    .map((cells, index) => ({ line: index + 1, contact: contactOf(cells, columns), cells }))
    .slice(heading === undefined ? 0 : 1)
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ""))
    .map(({ line, contact }) => ({ line, contact }));
}

function columnOf(heading: string): Column | null {
  const text = heading.trim().toLowerCase().replaceAll(/[_-]/g, " ");
  return (Object.keys(COLUMNS) as Column[]).find((column) => COLUMNS[column].test(text)) ?? null;
}

/** A cell that is empty, or missing, leaves what is known as it is. */
function contactOf(cells: readonly string[], columns: readonly (Column | null)[]): ContactRow {
  const contact: ContactRow = {};
  for (const [index, column] of columns.entries()) {
    const text = cells[index]?.trim() ?? "";
    if (column === null || text === "") continue;
    if (column === "tags") contact.tags = text.split("|").map((tag) => tag.trim()).filter(Boolean);
    else contact[column] = text;
  }
  return contact;
}
