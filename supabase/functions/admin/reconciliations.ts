import * as z from "zod";
import { type Columns, csvResponse, formatParameter } from "../_shared/platform/csv.ts";
import { completeRows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../_shared/platform/paging.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { daySchema } from "../_shared/usage/report.ts";

const accountSid = z.string().regex(/^AC[0-9a-f]{32}$/, "must be the SID of an account: AC and 32 hexadecimal digits");

export const reconciliationsQuery = z.strictObject({
  account: accountSid.optional().describe("Only days of this account (AC…)"),
  unexplained: z.enum(["true", "false"]).transform((text) => text === "true").default(false)
    .describe("true: only closed days whose difference must be explained"),
  cursor: cursorParameter(z.tuple([daySchema, z.string().max(64)])),
  limit: limitParameter(200, 50),
  format: formatParameter,
}).meta({ id: "ReconciliationsPage" });

const amount = z.number();

const reconciliationSchema = z.strictObject({
  accountSid: z.string(),
  day: z.iso.date().describe("UTC"),
  userId: z.guid().nullable().describe("null: the master account"),
  currency: z.string().describe("Of all amounts, ISO 4217"),
  usageTotal: amount.describe("What Twilio's usage has for the day"),
  ledgerTotal: amount.describe("What Switchboard's ledger has for it"),
  notPricedYet: amount,
  carrierFee: amount,
  failedMessageFee: amount,
  uncategorised: amount,
  unknownCategory: amount,
  missingHere: amount,
  missingAtTwilio: amount,
  rate: amount,
  otherCurrency: amount,
  isClosed: z.boolean().describe("Whether the usage of the day is final"),
  isShifted: z.boolean().describe("Whether what is missing is counted a day before or after"),
  kinds: z.record(z.string(), z.unknown()).describe("The evidence: counts and amounts of both sides by kind"),
  otherCurrencies: z.record(z.string(), z.unknown()).describe("Amounts in other currencies, which are never added"),
  reconciledAt: z.iso.datetime(),
}).meta({
  id: "Reconciliation",
  description:
    "A day of an account: usageTotal - ledgerTotal is the sum of the nine classes from notPricedYet to otherCurrency",
});

type Reconciliation = z.output<typeof reconciliationSchema>;

export const reconciliationList = z.strictObject({ days: z.array(reconciliationSchema), next: nextSchema })
  .meta({ id: "ReconciliationList", description: "The response of admin/reconciliations" });

const CSV_COLUMNS: Columns<Reconciliation> = Object.fromEntries(
  (Object.keys(reconciliationSchema.shape) as (keyof Reconciliation)[]).map((name) => [name, (day: Reconciliation) => {
    const value = day[name];
    return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
  }]),
);

/** Days of accounts compared with Twilio's usage, newest first. */
export async function listReconciliations(request: Request, { db }: Context): Promise<Response> {
  const { account, unexplained, cursor, limit, format } = readQuery(request, reconciliationsQuery);
  const found = await completeRows(db, "list_reconciliations", {
    p_account_sid: account ?? null,
    p_must_be_explained: unexplained,
    p_before_day: cursor?.[0] ?? null,
    p_before_account_sid: cursor?.[1] ?? null,
    p_limit: limit,
  }, ["user_id"]);
  const { items: days, next } = page(
    found,
    limit,
    (row): Reconciliation => ({
      accountSid: row.account_sid,
      day: row.day,
      userId: row.user_id,
      currency: row.price_unit,
      usageTotal: Number(row.usage_total),
      ledgerTotal: Number(row.ledger_total),
      notPricedYet: Number(row.not_priced_yet),
      carrierFee: Number(row.carrier_fee),
      failedMessageFee: Number(row.failed_message_fee),
      uncategorised: Number(row.uncategorised),
      unknownCategory: Number(row.unknown_category),
      missingHere: Number(row.missing_here),
      missingAtTwilio: Number(row.missing_at_twilio),
      rate: Number(row.rate),
      otherCurrency: Number(row.currency),
      isClosed: row.is_closed,
      isShifted: row.is_shifted,
      kinds: row.kinds as Reconciliation["kinds"],
      otherCurrencies: row.other_currencies as Reconciliation["otherCurrencies"],
      reconciledAt: isoOf(row.reconciled_at),
    }),
    (last) => writeCursor([last.day, last.account_sid]),
  );
  return format === "csv"
    ? csvResponse("reconciliations", CSV_COLUMNS, { items: days, next })
    : Response.json({ days, next });
}
