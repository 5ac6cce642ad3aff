import * as z from "zod";
import { completeRows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { userIdsParameter } from "./shapes.ts";

export const tenantEmailsQuery = z.strictObject({
  userIds: userIdsParameter,
}).meta({ id: "TenantEmailsQuery" });

export const tenantEmailList = z.strictObject({
  tenants: z.array(z.strictObject({ userId: z.guid(), email: z.string() })).describe("Without deleted users"),
}).meta({ id: "TenantEmailList", description: "The response of admin/tenant-emails" });

/** The addresses of the tenants that a list names by id. */
export async function listTenantEmails(request: Request, { db }: Context): Promise<Response> {
  const { userIds } = readQuery(request, tenantEmailsQuery);
  const found = await completeRows(db, "emails_of_tenants", { p_user_ids: userIds });
  return Response.json({ tenants: found.map(({ user_id: userId, email }) => ({ userId, email })) });
}
