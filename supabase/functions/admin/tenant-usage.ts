import * as z from "zod";
import { Constants } from "../_shared/database.types.ts";
import { type Columns, csvResponse, formatParameter } from "../_shared/platform/csv.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { checkRange, daySchema, rangeOf } from "../_shared/usage/report.ts";

export const tenantUsageQuery = z.strictObject({
  from: daySchema.optional().describe("The first UTC day. Unless given: 30 days before until"),
  until: daySchema.optional().describe("The day after the last one. Unless given: tomorrow"),
  format: formatParameter,
}).check(checkRange("day")).meta({ id: "TenantUsageQuery" });

const daySchemaOfUsage = z.strictObject({
  day: z.iso.date().describe("UTC"),
  kind: z.enum(Constants.public.Enums.usage_kind),
  currency: z.string().nullable().describe("ISO 4217. null: estimates, while Twilio has not priced anything yet"),
  count: z.int().describe("Messages, numbers or fees"),
  segments: z.int(),
  price: z.string().describe("What the tenant pays, as decimal text"),
  cost: z.string().describe(
    "What Twilio charges, as decimal text. Messages count at an estimate until it has priced them",
  ),
}).meta({ id: "TenantUsageDay" });

type Day = z.output<typeof daySchemaOfUsage>;

export const tenantUsageSchema = z.strictObject({
  userId: z.guid(),
  from: z.iso.date(),
  until: z.iso.date(),
  days: z.array(daySchemaOfUsage).describe("A row for each day, kind and currency that was used"),
}).meta({ id: "TenantUsageDays", description: "The response of admin/tenants/{userId}/usage" });

const CSV_COLUMNS: Columns<Day> = {
  day: ({ day }) => day,
  kind: ({ kind }) => kind,
  currency: ({ currency }) => currency,
  count: ({ count }) => count,
  segments: ({ segments }) => segments,
  price: ({ price }) => Number(price),
  cost: ({ cost }) => Number(cost),
};

/** What a tenant used on each day, with price and cost. A deleted tenant's usage is kept. */
export async function showTenantUsage(request: Request, { db, parameters }: Context): Promise<Response> {
  const { format, ...wanted } = readQuery(request, tenantUsageQuery);
  const userId = parameters["userId"]!;
  const { from, until } = rangeOf({ by: "day", ...wanted }, new Date());
  const read = await decide(db, "cost_of_usage", { p_user_id: userId, p_from: from, p_until: until });
  const { days } = read as { days: Day[] };
  return format === "csv"
    ? csvResponse("usage", CSV_COLUMNS, { items: days, next: null })
    : Response.json({ userId, from, until, days });
}
