import * as z from "zod";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { userIdsParameter } from "./shapes.ts";

export const tenantFiguresQuery = z.strictObject({
  userIds: userIdsParameter,
}).meta({ id: "TenantFiguresQuery" });

const decimal = z.string().describe("As decimal text");

const figuresSchema = z.strictObject({
  userId: z.guid(),
  from: z.iso.date().describe("The first UTC day of the tenant's billing period"),
  amounts: z.array(z.strictObject({
    currency: z.string().nullable().describe("ISO 4217. null: estimates, while Twilio has not priced anything yet"),
    price: decimal,
    cost: decimal,
    margin: decimal.describe("price without cost"),
  })).describe(
    "What was used in the billing period, by currency: the tenant's price before what a plan includes, and what Twilio " +
      "charges. Amounts of two currencies are never added",
  ),
  messages: z.array(z.int().min(0)).describe("Messages of both directions on each of the 30 UTC days before until"),
}).meta({ id: "TenantFigures" });

export const tenantFiguresSchema = z.strictObject({
  until: z.iso.date().describe("The UTC day after today"),
  tenants: z.array(figuresSchema).describe("In the order of userIds. A user without usage has no amounts"),
}).meta({ id: "TenantFiguresList", description: "The response of admin/tenant-figures" });

/** Usage and messages of the tenants on a page of the list. */
export async function showTenantFigures(request: Request, { db }: Context): Promise<Response> {
  const { userIds } = readQuery(request, tenantFiguresQuery);
  return Response.json(await decide(db, "figures_of_tenants", { p_user_ids: userIds }));
}
