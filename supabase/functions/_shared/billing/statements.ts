import * as z from "zod";
import { Constants } from "../database.types.ts";
import type { Columns } from "../platform/csv.ts";
import { compositesFrom, type Db, decision, rows } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../platform/paging.ts";
import { isoOf, timestampOf, timestampSchema } from "../platform/time.ts";

const { usage_kind, statement_type, statement_status, statement_line_type, statement_line_state } =
  Constants.public.Enums;

export const statementsQuery = z.strictObject({
  limit: limitParameter(50, 12),
  cursor: cursorParameter(z.tuple([timestampSchema, z.guid()])),
}).meta({ id: "StatementsQuery" });

export const statementQuery = z.strictObject({
  format: z.enum(["json", "csv", "html"]).default("json")
    .describe("csv: the lines as a file for spreadsheets. html: a page to print, which loads nothing"),
}).meta({ id: "StatementQuery" });

const kind = z.enum(usage_kind);

const invoiceSchema = z.strictObject({
  id: z.string().describe("The id at Stripe"),
  number: z.string().nullable(),
  status: z.string().nullable().describe(
    "draft, open, paid, uncollectible or void; null before it is read from Stripe",
  ),
  total: z.number().nullable().describe("With the plan's price, other items and taxes"),
  url: z.string().nullable().describe("Stripe's page of the invoice"),
  lines: z.array(z.strictObject({
    kind: kind.nullable(),
    quantity: z.number().nullable().describe("In units of 1/10,000 of the currency"),
    amount: z.number(),
    rounding: z.number().nullable().describe("What Stripe bills more than the quantity, because it bills whole cents"),
  })).describe("What it bills of usage, without taxes. kind and quantity are null on an invoice after the last period"),
});

const statementFields = {
  id: z.guid(),
  type: z.enum(statement_type).describe(
    "period: of a billing period. later_usage: what was found after the last invoice of a subscription that is over",
  ),
  status: z.enum(statement_status).describe(
    "open: the period is not over. closing: late usage still arrives, or the invoice is not final and compared. closed: " +
      "the lines never change again",
  ),
  from: z.string().describe("The first moment of the billing period"),
  until: z.string().describe("The first moment after it"),
  isTrial: z.boolean(),
  currency: z.string().describe("Of the plan, and of all amounts"),
  units: z.number().describe("What is billed for usage so far, in whole 1/10,000 of the currency"),
  amount: z.number().describe("The same before it is rounded to units"),
  pendingUnits: z.number().describe("The part of units that Stripe does not have yet"),
  invoices: z.array(invoiceSchema).describe("Those that bill this usage, as last read from Stripe"),
};

const use = {
  count: z.number().describe("Messages, or fees"),
  segments: z.number(),
  price: z.number().describe("In the currency of the plan, before what the plan includes"),
  included: z.number().describe("The part of the price that the plan includes"),
  amount: z.number(),
  units: z.number().describe("Whole 1/10,000 of the currency, which are billed"),
};

const lineSchema = z.strictObject({
  kind,
  day: z.string().describe("The UTC day of use"),
  type: z.enum(statement_line_type).describe(
    "correction: a later change of a price, or usage that is taken back. not_counted: units that this invoice does not " +
      "bill; a later statement has them as sent_again",
  ),
  state: z.enum(statement_line_state).describe("trial and not_billed: free of charge"),
  from: z.string().describe("The billing period of use"),
  until: z.string(),
  isLate: z.boolean().describe("Used in an earlier period, and found after its books had closed"),
  ...use,
}).meta({ id: "StatementLine" });

export type StatementLine = z.output<typeof lineSchema>;

export const statementSchema = z.strictObject(statementFields).meta({ id: "Statement" });

export const statementPageSchema = z.strictObject({ statements: z.array(statementSchema), next: nextSchema })
  .meta({ id: "StatementPage", description: "The response of list-statements, newest first" });

export const statementDetailsSchema = z.strictObject({
  ...statementFields,
  lines: z.array(lineSchema),
  totals: z.array(z.strictObject({
    kind,
    ...use,
    remainder: z.number().describe(
      "What the amounts are more than the units, in units. It is carried to the next usage of the kind and period; less " +
        "than a unit is never billed",
    ),
    pendingUnits: z.number().describe("The part of units that Stripe does not have yet"),
    othersUnits: z.number().describe("What the same invoice bills for another account with the same Stripe customer"),
    invoicedUnits: z.number().nullable().describe("The quantity of the final invoice; null before it is final"),
  })).describe("The sums of the lines by kind"),
  addsUp: z.strictObject({
    ledger: z.boolean().describe("The amounts are the units, up to half a unit for each kind and period of use"),
    summaries: z.boolean().nullable().describe("Stripe's meters have counted what was sent; null: not compared yet"),
    invoice: z.boolean().nullable().describe(
      "The final invoice bills the units, kind by kind, in whole cents; null before it is final",
    ),
  }),
}).meta({ id: "StatementDetails", description: "One statement, line by line" });

export type StatementDetails = z.output<typeof statementDetailsSchema>;

/** The columns of the CSV file. */
export const LINE_COLUMNS: Columns<StatementLine & { currency: string }> = {
  kind: (line) => line.kind,
  day: (line) => line.day,
  type: (line) => line.type,
  state: (line) => line.state,
  from: (line) => line.from,
  until: (line) => line.until,
  isLate: (line) => line.isLate,
  count: (line) => line.count,
  segments: (line) => line.segments,
  currency: (line) => line.currency,
  price: (line) => line.price,
  included: (line) => line.included,
  amount: (line) => line.amount,
  units: (line) => line.units,
};

type StatementRow = ReturnType<typeof compositesFrom<"statement">>[number];

/** One page of a tenant's statements, newest first. */
export async function listStatements(
  db: Db,
  userId: string,
  { limit, cursor }: z.output<typeof statementsQuery>,
): Promise<z.output<typeof statementPageSchema>> {
  const [beforeAt, beforeId] = cursor ?? [null, null];
  const found = await rows(db, "list_statements", {
    p_user_id: userId,
    p_before_at: beforeAt,
    p_before_id: beforeId,
    p_limit: limit,
  });
  const { items: statements, next } = page(
    found,
    limit,
    statementOf,
    (last) => writeCursor([timestampOf(last.starts_at!), last.id!]),
  );
  return { statements, next };
}

const showStatement = decision("show_statement", { found: ["statement", "parts"], not_found: [] });

/** One statement of a tenant. @throws ApiError `not_found` */
export async function readStatement(db: Db, userId: string, statementId: string): Promise<StatementDetails> {
  const shown = await showStatement(db, { p_user_id: userId, p_statement_id: statementId });
  switch (shown.outcome) {
    case "not_found":
      throw new ApiError("not_found", `Cannot find a statement "${statementId}" of yours`);
    case "found": {
      const [statement] = compositesFrom("statement", [shown.statement]);
      // The parts are as the API returns them.
      return { ...statementOf(statement!), ...(shown.parts as Pick<StatementDetails, "lines" | "totals" | "addsUp">) };
    }
  }
}

function statementOf(row: StatementRow): z.output<typeof statementSchema> {
  return {
    id: row.id!,
    type: row.type!,
    status: row.status!,
    from: isoOf(row.starts_at!),
    until: isoOf(row.ends_at!),
    isTrial: row.is_trial!,
    currency: row.currency!,
    units: row.units!,
    // Some APIs in front of the database write a decimal as a text.
    amount: Number(row.amount),
    pendingUnits: row.pending_units!,
    invoices: row.invoices as z.output<typeof invoiceSchema>[],
  };
}
