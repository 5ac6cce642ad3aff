/** One row of a table, and the line of the file on which it begins. */
export interface TableRow {
  line: number;
  cells: string[];
}

/** The text of a file: UTF-8, UTF-16 with its mark, or what spreadsheets on Windows write. */
export function decoded(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/**
 * The rows that are not blank, each with its line. A cell in quotes may contain line breaks, so a row may have several lines.
 * @param rows the cells of each row, as the CSV parser returns them, blank rows included
 */
export function tableOf(rows: readonly (readonly string[])[]): TableRow[] {
  const table: TableRow[] = [];
  let line = 1;
  for (const cells of rows) {
    if (cells.some((cell) => cell.trim() !== "")) table.push({ line, cells: cells.map((cell) => cell.trim()) });
    line += 1 + cells.reduce((breaks, cell) => breaks + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
  }
  return table;
}

/** What each column of a table has, by its index (null: nothing that is asked for), and the rows below the heading. */
export interface NamedTable<Column extends string> {
  /** Null if the table has no heading. */
  columns: (Column | null)[] | null;
  rows: readonly TableRow[];
}

/**
 * Finds the columns by the names in the heading: a first row without a digit is one.
 * @param names of each column in lower case, words separated by blanks: `phoneNumber` and `Phone_Number` are "phone number"
 */
export function withNamedColumns<Column extends string>(
  table: readonly TableRow[],
  names: Readonly<Record<Column, RegExp>>,
): NamedTable<Column> {
  const [first] = table;
  if (first === undefined || first.cells.some((cell) => /\d/.test(cell))) return { columns: null, rows: table };
  const columnOf = (heading: string) => {
    const name = heading.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase().replaceAll(/[_-]/g, " ");
    return (Object.keys(names) as Column[]).find((column) => names[column].test(name)) ?? null;
  };
  return { columns: first.cells.map(columnOf), rows: table.slice(1) };
}
