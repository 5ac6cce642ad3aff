import * as z from "zod";
import { subaccountStatusSchema } from "../_shared/accounts/status.ts";
import { Constants, type Json } from "../_shared/database.types.ts";
import { type Columns, csvResponse, formatParameter } from "../_shared/platform/csv.ts";
import { completeCompositesFrom, decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { idSchema } from "../_shared/platform/ids.ts";
import { cursorParameter, limitParameter, nextSchema, writeCursor } from "../_shared/platform/paging.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf, timestampOf, timestampSchema } from "../_shared/platform/time.ts";

const flag = z.enum(["true", "false"]).transform((text) => text === "true").optional();

export const tenantsQuery = z.strictObject({
  search: z.string().trim().min(1).max(320).optional()
    .describe("A user's id, the SID of a subaccount (AC…), a number (+…), or the beginning of an email address"),
  status: subaccountStatusSchema.optional(),
  plan: z.string().min(1).max(100).optional().describe("The key of the plan that applies now"),
  drift: flag.describe("Whether the subaccount does not have the wanted status"),
  unpaid: flag.describe(
    "Whether the account has a monthly cost that no subscription pays for, as in admin/unpaid-accounts",
  ),
  overLimit: flag.describe("Whether a limit of messages or of spending is reached"),
  sort: z.enum(Constants.public.Enums.tenant_order).default("id")
    .describe("id, or by the time at which they became tenants"),
  after: z.union([idSchema, cursorParameter(z.tuple([timestampSchema, idSchema]))]).optional()
    .describe("The next of the page before, in the same order"),
  limit: limitParameter(200, 50),
  format: formatParameter,
}).meta({ id: "TenantsPage" });

const time = z.iso.datetime();

export const tenantSchema = z.strictObject({
  userId: z.guid(),
  email: z.string().nullable(),
  wanted: z.enum(Constants.public.Enums.wanted_status).describe("The status that the tenant is entitled to"),
  status: subaccountStatusSchema,
  plan: z.string().nullable().describe("The key of the plan that applies now"),
  lapsedPlan: z.string().nullable()
    .describe("The plan of the subscription that counts and does not entitle now: unpaid, paused or canceled"),
  subaccountSid: z.string().nullable(),
  friendlyName: z.string().nullable(),
  operatorHold: z.enum(Constants.public.Enums.operator_hold).nullable(),
  suspendedAtTwilio: z.boolean(),
  isDrifting: z.boolean().describe("Whether the subaccount does not have the wanted status"),
  isUnpaid: z.boolean()
    .describe("Whether the account has a monthly cost that no subscription pays for, as in admin/unpaid-accounts"),
  isOverLimit: z.boolean().describe("Whether a limit of messages or of spending is reached"),
  requestedAt: time.nullable(),
  userDeletedAt: time.nullable(),
  lastError: z.string().nullable(),
  convergedAt: time.nullable(),
  createdAt: time.describe("When the user became a tenant"),
  lastMessageAt: time.nullable().describe("When the tenant last sent or received a message"),
  numbers: z.int().min(0).describe("How many numbers the tenant has"),
}).meta({ id: "Tenant", description: "A tenant as an operator sees it. Times are ISO 8601" });

type Tenant = z.output<typeof tenantSchema>;

export const tenantListSchema = z.strictObject({
  tenants: z.array(tenantSchema)
    .describe("With a filter a page may have fewer tenants than its limit, or none, before the last page"),
  next: nextSchema,
}).meta({ id: "TenantList", description: "The response of admin/tenants" });

const listOfTenants = decision("list_tenants", {
  listed: ["tenants", "next_at?", "next_id?"],
  too_many_found: [],
});

/** A page of the tenants that match; `next` is null once all were looked at. */
export async function listTenants(request: Request, { db }: Context): Promise<Response> {
  const query = readQuery(request, tenantsQuery);
  const after = query.after === undefined ? null : query.after;
  const isId = typeof after === "string";
  if (after !== null && isId !== (query.sort === "id")) {
    throw new ApiError("invalid_input", `Cannot continue with "after": it is of a page in another order`, {
      details: [{ field: "after", code: "other_order", message: "must be the next of a page in the same order" }],
    });
  }
  const listed = await listOfTenants(db, {
    p_search: query.search ?? null,
    p_status: query.status ?? null,
    p_plan_key: query.plan ?? null,
    p_is_drifting: query.drift ?? null,
    p_is_unpaid: query.unpaid ?? null,
    p_is_over_limit: query.overLimit ?? null,
    p_order: query.sort,
    p_after_at: after === null || isId ? null : after[0],
    p_after: after === null || isId ? after : after[1],
    p_limit: query.limit,
  });
  if (listed.outcome === "too_many_found") throw tooManyFound(query.search!);
  const tenants = tenantsFrom(listed.tenants);
  const next = listed.next_id === null
    ? null
    : query.sort === "id"
    ? listed.next_id
    : writeCursor([timestampOf(listed.next_at!), listed.next_id]);
  if (query.format === "csv") return csvResponse("tenants", CSV_COLUMNS, { items: tenants, next });
  return Response.json({ tenants, next });
}

const NULLABLE = [
  "email",
  "plan_key",
  "lapsed_plan_key",
  "subaccount_sid",
  "friendly_name",
  "operator_hold",
  "requested_at",
  "user_deleted_at",
  "last_error",
  "converged_at",
  "last_message_at",
] as const;

/** Tenants as operators see them, from rows of `tenant_overview`. */
export function tenantsFrom(json: Json): Tenant[] {
  return completeCompositesFrom("tenant_overview", json, NULLABLE).map((tenant) => ({
    userId: tenant.user_id,
    email: tenant.email,
    wanted: tenant.wanted,
    // A tenant without a subaccount is pending.
    status: tenant.status as Tenant["status"],
    plan: tenant.plan_key,
    lapsedPlan: tenant.lapsed_plan_key,
    subaccountSid: tenant.subaccount_sid,
    friendlyName: tenant.friendly_name,
    operatorHold: tenant.operator_hold,
    suspendedAtTwilio: tenant.suspended_at_twilio,
    isDrifting: tenant.is_drifting,
    isUnpaid: tenant.is_unpaid,
    isOverLimit: tenant.is_over_limit,
    requestedAt: isoOf(tenant.requested_at),
    userDeletedAt: isoOf(tenant.user_deleted_at),
    lastError: tenant.last_error,
    convergedAt: isoOf(tenant.converged_at),
    createdAt: isoOf(tenant.created_at),
    lastMessageAt: isoOf(tenant.last_message_at),
    numbers: tenant.numbers,
  }));
}

const CSV_COLUMNS: Columns<Tenant> = Object.fromEntries(
  (Object.keys(tenantSchema.shape) as (keyof Tenant)[]).map((name) => [name, (tenant: Tenant) => tenant[name]]),
);

function tooManyFound(search: string): ApiError {
  return new ApiError("invalid_input", `Cannot search for "${search}": more than 1,000 addresses begin so`, {
    details: [{ field: "search", code: "too_many_found", message: "must be longer" }],
  });
}
