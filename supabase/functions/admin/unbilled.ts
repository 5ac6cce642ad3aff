import * as z from "zod";
import { Constants } from "../_shared/database.types.ts";
import { type Columns, csvResponse, formatParameter } from "../_shared/platform/csv.ts";
import type { Cell } from "../_shared/platform/csv-text.ts";
import { completeRows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { idSchema } from "../_shared/platform/ids.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../_shared/platform/paging.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { daySchema } from "../_shared/usage/report.ts";

const kind = z.enum(Constants.public.Enums.usage_kind);
const time = z.iso.datetime();
const units = z.int().describe("Whole ten-thousandths of the currency");
const limit = limitParameter(200, 50);
const error = z.string().nullable().describe("Why Stripe refused it last");

export const unbilledQuery = z.strictObject({
  state: z.enum(Constants.public.Enums.unbilled_state).optional().describe(
    "pending: to be sent. sending: a call has begun, and its outcome is not recorded. waits_for_rate: no exchange rate " +
      "is set. waits_for_price: not all of the day is priced, or its billing period is not known yet",
  ),
  userId: idSchema.optional(),
  lastDay: daySchema.optional().describe("Only usage of this UTC day and of days before"),
  cursor: cursorParameter(z.tuple([daySchema, z.guid()])),
  limit,
  format: formatParameter,
}).meta({ id: "UnbilledPage" });

const unbilledSchema = z.strictObject({
  day: z.iso.date().describe("The UTC day of use"),
  id: z.guid().describe("Of the row; of a day that waits, the tenant's"),
  userId: z.guid(),
  state: z.enum(Constants.public.Enums.unbilled_state),
  kind: kind.nullable().describe("null, as all that follows: the day is not rated yet"),
  currency: z.string().nullable(),
  amount: z.number().nullable(),
  units: units.nullable(),
  tries: z.int().nullable().describe("Calls to Stripe so far"),
  error,
  since: time.nullable().describe("When the row was written"),
}).meta({ id: "UnbilledUsage", description: "A row that is not billed yet, or a day that is not rated yet" });

type Unbilled = z.output<typeof unbilledSchema>;

export const unbilledList = z.strictObject({ usage: z.array(unbilledSchema), next: nextSchema })
  .meta({ id: "UnbilledList", description: "The response of admin/unbilled" });

export const rejectedQuery = z.strictObject({
  userId: idSchema.optional(),
  cursor: cursorParameter(z.tuple([z.int().positive()])),
  limit,
  format: formatParameter,
}).meta({ id: "RejectedPage" });

const rejectedSchema = z.strictObject({
  id: z.guid(),
  userId: z.guid(),
  day: z.iso.date().describe("The UTC day of use"),
  kind,
  reason: z.string().describe(
    "usage: Stripe refused the row. rejection: units that it had accepted and did not count, which are sent again. " +
      "unbilled: units that it had counted and did not bill, likewise",
  ),
  state: z.string(),
  lossReason: z.string().nullable(),
  currency: z.string(),
  units,
  rejections: z.int().describe("How often it was sent again under a new identifier"),
  refusals: z.int().describe("How often Stripe refused the call itself"),
  error,
  createdAt: time,
}).meta({ id: "RejectedUsage" });

type Rejected = z.output<typeof rejectedSchema>;

export const rejectedList = z.strictObject({ rows: z.array(rejectedSchema), next: nextSchema })
  .meta({ id: "RejectedList", description: "The response of admin/rejected" });

/** A column for each property of a flat row. */
function columnsOf<Row extends Record<string, Cell>>(schema: z.ZodObject<Record<keyof Row, z.ZodType>>): Columns<Row> {
  const names: (keyof Row)[] = Object.keys(schema.shape);
  return Object.fromEntries(names.map((name) => [name, (row: Row) => row[name]]));
}

const UNBILLED_COLUMNS = columnsOf<Unbilled>(unbilledSchema);
const REJECTED_COLUMNS = columnsOf<Rejected>(rejectedSchema);

/** What is not billed yet, the oldest day of use first. */
export async function listUnbilled(request: Request, { db }: Context): Promise<Response> {
  const { state, userId, lastDay, cursor, limit, format } = readQuery(request, unbilledQuery);
  const found = await completeRows(db, "list_unbilled", {
    p_state: state ?? null,
    p_user_id: userId ?? null,
    p_last_day: lastDay ?? null,
    p_after_day: cursor?.[0] ?? null,
    p_after_id: cursor?.[1] ?? null,
    p_limit: limit,
  }, ["kind", "currency", "amount", "units", "tries", "error", "since"]);
  const { items: usage, next } = page(
    found,
    limit,
    ({ user_id: userId, since, amount, ...row }): Unbilled => ({
      day: row.day,
      id: row.id,
      userId,
      state: row.state,
      kind: row.kind,
      currency: row.currency,
      amount: amount === null ? null : Number(amount),
      units: row.units,
      tries: row.tries,
      error: row.error,
      since: since === null ? null : isoOf(since),
    }),
    (last) => writeCursor([last.day, last.id]),
  );
  return format === "csv"
    ? csvResponse("unbilled", UNBILLED_COLUMNS, { items: usage, next })
    : Response.json({ usage, next });
}

/** What Stripe has rejected, newest first. */
export async function listRejected(request: Request, { db }: Context): Promise<Response> {
  const { userId, cursor, limit, format } = readQuery(request, rejectedQuery);
  const found = await completeRows(db, "list_rejected", {
    p_user_id: userId ?? null,
    p_before_number: cursor?.[0] ?? null,
    p_limit: limit,
  }, ["loss_reason", "error"]);
  const { items: rows, next } = page(
    found,
    limit,
    (row): Rejected => ({
      id: row.id,
      userId: row.user_id,
      day: row.day,
      kind: row.kind,
      reason: row.reason,
      state: row.state,
      lossReason: row.loss_reason,
      currency: row.currency,
      units: row.units,
      rejections: row.rejections,
      refusals: row.refusals,
      error: row.error,
      createdAt: isoOf(row.created_at),
    }),
    (last) => writeCursor([last.number]),
  );
  return format === "csv"
    ? csvResponse("rejected", REJECTED_COLUMNS, { items: rows, next })
    : Response.json({ rows, next });
}
