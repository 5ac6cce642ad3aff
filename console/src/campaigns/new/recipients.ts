import type { Bulk, BulkResponse } from "../../../../client/switchboard.ts";
import { columnName, readTemplate } from "../../../../supabase/functions/_shared/campaigns/template.ts";
import type { TableRow } from "../../platform/table.ts";

/** A row of the list as a recipient. */
export interface Recipient {
  line: number;
  /** As it is written. */
  to: string;
  /** The cells by column; null for an empty one that is not sent as nothing. */
  values: Readonly<Record<string, string | null>>;
}

/** What is done with an empty cell that the text needs: the recipient is left out, or nothing stands in its place. */
export type Blanks = "leave-out" | "send";

/** The recipients of a list. */
export function recipientsOf(
  rows: readonly TableRow[],
  columns: readonly string[],
  numberColumn: number,
  blanks: Blanks,
): Recipient[] {
  return rows.map(({ line, cells }) => ({
    line,
    to: cells[numberColumn] ?? "",
    values: Object.fromEntries(columns.map((column, index) => {
      const cell = cells[index] ?? "";
      return [column, cell === "" && blanks === "leave-out" ? null : cell];
    })),
  }));
}

/** The placeholders of a text, by the text between their braces, each with the column that it stands for. */
export function placeholdersOf(body: string, columns: readonly string[]): { written: string; column: string | null }[] {
  return Array.from(readTemplate(body).uses.keys(), (written) => {
    const name = columnName(written);
    return { written, column: columns.find((column) => column === written || columnName(column) === name) ?? null };
  });
}

/** The recipients as send-bulk takes them: with the values that the text uses, and no others. */
export function requestRows(
  recipients: readonly Recipient[],
  body: string,
  columns: readonly string[],
): Bulk["recipients"] {
  const used = placeholdersOf(body, columns).flatMap(({ column }) => column ?? []);
  return recipients.map(({ to, values }) => ({
    to,
    ...(used.length > 0 && { variables: Object.fromEntries(used.map((column) => [column, values[column] ?? null])) }),
  }));
}

/** A row that gets no message. */
export interface RejectedRow {
  line: number;
  to: string;
  values: Recipient["values"];
  reason: string;
}

/** What becomes of each row: every line is either accepted or rejected. */
export interface Verdicts {
  accepted: readonly Recipient[];
  rejected: readonly RejectedRow[];
}

/** The result of a dry run by the lines of the list. */
export function verdictsOf(recipients: readonly Recipient[], rejected: BulkResponse["rejected"]): Verdicts {
  const byIndex = new Map(rejected.map((row) => [row.index, row]));
  const lineOf = (index: number) => recipients[index]?.line;
  return {
    accepted: recipients.filter((_, index) => !byIndex.has(index)),
    rejected: recipients.flatMap(({ line, to, values }, index) => {
      const row = byIndex.get(index);
      return row === undefined ? [] : [{ line, to, values, reason: reasonOf(row, lineOf) }];
    }),
  };
}

type Rejected = Pick<BulkResponse["rejected"][number], "to" | "code" | "message">;

/** Why a row is rejected, in a sentence without a period. */
export function reasonOf({ to, code, message }: Rejected, lineOf: (index: number) => number | undefined): string {
  switch (code) {
    case "invalid_recipient":
      if (to === "") return "The phone number is missing";
      if (/^\d(\.\d+)?E\+\d+$/i.test(to)) return "A spreadsheet has shortened this number: format the column as text";
      return "This is not a phone number";
    case "duplicate_recipient": {
      const line = lineOf(Number(/row (\d+)$/.exec(message)?.[1] ?? NaN));
      return line === undefined ? "The same number is in an earlier line" : `The same number as in line ${line}`;
    }
    case "missing_variable": {
      const name = /no value for "(.*)"$/s.exec(message)?.[1];
      return name === undefined ? "A value for the text is missing" : `The cell “${name}” is empty`;
    }
    case "body_too_long":
      return `The message ${message.replace(/^makes a text of/, "would have").replace(/: at most/, "; at most")}`;
    case "invalid_text":
      return "The message would be empty or contain characters that cannot be sent";
    case "invalid_variable":
      return "A value cannot be sent as text";
    default:
      return "This row cannot be used";
  }
}
