import * as z from "zod";
import { Constants } from "../_shared/database.types.ts";
import { type Columns, csvResponse, formatParameter } from "../_shared/platform/csv.ts";
import { completeRows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { idSchema } from "../_shared/platform/ids.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../_shared/platform/paging.ts";
import { readQuery } from "../_shared/platform/request.ts";

const month = z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/, "must be a month such as 2026-11");
const by = z.enum(Constants.public.Enums.revenue_by).default("total")
  .describe("total: all tenants together. tenant: a row for each tenant");
const range = {
  from: month.optional().describe("The first month (UTC). Unless given: eleven months before the last one"),
  until: month.optional().describe("The month after the last one. Unless given: the next month"),
};
const currency = z.string().describe("Of the amounts: that of the plan (ISO 4217, lower case)");
const tenant = z.guid().nullable().describe("null: all tenants together");
const limit = limitParameter(500, 100);

export const revenueQuery = z.strictObject({
  by,
  ...range,
  userId: idSchema.optional().describe("Only this tenant, by tenant"),
  currency: z.string().regex(/^[a-z]{3}$/, "must be three small letters").optional()
    .describe("Only this one (ISO 4217, lower case): amounts of two currencies are in no order"),
  order: z.enum(Constants.public.Enums.revenue_order).default("month")
    .describe("month: the oldest first. revenue: the largest first. margin: the smallest first"),
  cursor: cursorParameter(z.tuple([month, z.string().max(40), z.string().max(3)])),
  limit,
  format: formatParameter,
}).check(checkMonths).meta({ id: "RevenuePage" });

const revenueSchema = z.strictObject({
  month,
  userId: tenant,
  currency,
  revenue: z.number().describe("What usage of the month bills: billed and unbilled"),
  billed: z.number().describe("What Stripe has accepted, and what own invoices and credit notes have settled"),
  unbilled: z.number().describe("What is rated and not accepted yet"),
  lost: z.number().describe("What is not billed, for a named reason"),
  cost: z.number().describe(
    "What Twilio charges, also for what is lost or of a trial, at the exchange rate of each row",
  ),
  margin: z.number().describe("The revenue without the cost"),
}).meta({ id: "Revenue", description: "A month of usage (UTC) in one currency; currencies are never added up" });

type Revenue = z.output<typeof revenueSchema>;

export const revenueList = z.strictObject({ months: z.array(revenueSchema), next: nextSchema })
  .meta({ id: "RevenueList", description: "The response of admin/revenue" });

export const lossesQuery = z.strictObject({
  by,
  ...range,
  reason: z.string().regex(/^[a-z_]{1,40}$/, "must be a reason such as no_payer").optional(),
  userId: idSchema.optional().describe("Only this tenant, by tenant"),
  cursor: cursorParameter(z.tuple([month, z.string().max(40), z.string().max(3), z.string().max(40)])),
  limit,
  format: formatParameter,
}).check(checkMonths).meta({ id: "LossesPage" });

const lossSchema = z.strictObject({
  month,
  userId: tenant,
  currency,
  reason: z.string().describe("Why it is not billed; docs/operations.md names the reasons"),
  rows: z.int().describe("Rows of billing"),
  amount: z.number().describe("What it would have billed. Negative: a credit that is owed"),
  cost: z.number().describe("What Twilio charges for it, at the exchange rate of each row"),
}).meta({ id: "Loss", description: "Usage of a month (UTC) that is not billed, for one reason" });

type Loss = z.output<typeof lossSchema>;

export const lossList = z.strictObject({ losses: z.array(lossSchema), next: nextSchema })
  .meta({ id: "LossList", description: "The response of admin/losses" });

const REVENUE_COLUMNS: Columns<Revenue> = {
  month: ({ month }) => month,
  userId: ({ userId }) => userId,
  currency: ({ currency }) => currency,
  revenue: ({ revenue }) => revenue,
  billed: ({ billed }) => billed,
  unbilled: ({ unbilled }) => unbilled,
  lost: ({ lost }) => lost,
  cost: ({ cost }) => cost,
  margin: ({ margin }) => margin,
};

const LOSS_COLUMNS: Columns<Loss> = {
  month: ({ month }) => month,
  userId: ({ userId }) => userId,
  currency: ({ currency }) => currency,
  reason: ({ reason }) => reason,
  rows: ({ rows }) => rows,
  amount: ({ amount }) => amount,
  cost: ({ cost }) => cost,
};

/** Revenue, cost and margin by month of use, by tenant or in total. */
export async function listRevenue(request: Request, { db }: Context): Promise<Response> {
  const { by, userId, currency, order, cursor, limit, format, ...wanted } = readQuery(request, revenueQuery);
  const { from, until } = monthsOf(wanted, new Date());
  const found = await completeRows(db, "list_revenue", {
    p_by: by,
    p_from: dayOf(from),
    p_until: dayOf(until),
    p_user_id: userId ?? null,
    p_currency: currency ?? null,
    p_order: order,
    p_after_month: cursor ? dayOf(cursor[0]) : null,
    p_after_user_id: cursor?.[1] || null,
    p_after_currency: cursor?.[2] ?? null,
    p_limit: limit,
  }, ["user_id"]);
  const { items: months, next } = page(
    found,
    limit,
    ({ month, user_id: userId, currency, revenue, billed, unbilled, lost, cost, margin }): Revenue => ({
      month: month.slice(0, 7),
      userId,
      currency,
      revenue: Number(revenue),
      billed: Number(billed),
      unbilled: Number(unbilled),
      lost: Number(lost),
      cost: Number(cost),
      margin: Number(margin),
    }),
    (last) => writeCursor([last.month.slice(0, 7), last.user_id ?? "", last.currency]),
  );
  return format === "csv"
    ? csvResponse("revenue", REVENUE_COLUMNS, { items: months, next })
    : Response.json({ months, next });
}

/** What is not billed, by month of use and reason, by tenant or in total. */
export async function listLosses(request: Request, { db }: Context): Promise<Response> {
  const { by, reason, userId, cursor, limit, format, ...wanted } = readQuery(request, lossesQuery);
  const { from, until } = monthsOf(wanted, new Date());
  const found = await completeRows(db, "list_losses", {
    p_by: by,
    p_from: dayOf(from),
    p_until: dayOf(until),
    p_reason: reason ?? null,
    p_user_id: userId ?? null,
    p_after_month: cursor ? dayOf(cursor[0]) : null,
    p_after_user_id: cursor?.[1] || null,
    p_after_currency: cursor?.[2] ?? null,
    p_after_reason: cursor?.[3] ?? null,
    p_limit: limit,
  }, ["user_id"]);
  const { items: losses, next } = page(
    found,
    limit,
    ({ month, user_id: userId, currency, reason, row_count: rows, amount, cost }): Loss => ({
      month: month.slice(0, 7),
      userId,
      currency,
      reason,
      rows,
      amount: Number(amount),
      cost: Number(cost),
    }),
    (last) => writeCursor([last.month.slice(0, 7), last.user_id ?? "", last.currency, last.reason]),
  );
  return format === "csv"
    ? csvResponse("losses", LOSS_COLUMNS, { items: losses, next })
    : Response.json({ losses, next });
}

type Months = { from?: string | undefined; until?: string | undefined };
const dayOf = (month: string) => `${month}-01`;

/** The months of a query, with the defaults of those that are not given. `until` is not part of them. */
function monthsOf({ from, until }: Months, now: Date): Required<{ from: string; until: string }> {
  const end = until ?? monthAfter(now.toISOString().slice(0, 7), 1);
  return { from: from ?? monthAfter(end, -12), until: end };
}

function monthAfter(month: string, months: number): string {
  const [year, number] = month.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, number - 1 + months)).toISOString().slice(0, 7);
}

function checkMonths(
  { value, issues }: z.core.ParsePayload<Months & { by: string; userId?: string | undefined }>,
): void {
  const { from, until } = monthsOf(value, new Date());
  if (from >= until) {
    const field = value.until === undefined ? "from" : "until";
    const message = `must make a range: from ${from} up to and without ${until} are no months`;
    issues.push({ code: "custom", path: [field], message, input: value[field] });
  }
  if (value.userId !== undefined && value.by !== "tenant") {
    issues.push({ code: "custom", path: ["userId"], message: "must be given with by=tenant", input: value.userId });
  }
}
