import * as z from "zod";
import { alertOf, alertSchema } from "../_shared/alerts/shape.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import { Constants } from "../_shared/database.types.ts";
import { csvResponse, formatParameter } from "../_shared/platform/csv.ts";
import { type Db, decide, decision, type Row, rows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../_shared/platform/paging.ts";
import { readJson, readQuery } from "../_shared/platform/request.ts";
import { timestampOf, timestampSchema } from "../_shared/platform/time.ts";
import { entryOf, entrySchema, TIMELINE_COLUMNS } from "./audit.ts";
import { limitsSchema, ownLimitsSchema } from "./limit-shapes.ts";
import { deadLetterSchema, tenantSyncSchema } from "./shapes.ts";
import { tenantSchema, tenantsFrom } from "./tenants.ts";
import { costsSchema, numbersAtCostSchema } from "./unpaid-shape.ts";

const time = z.iso.datetime();
const count = z.int().min(0);

const number = z.strictObject({
  id: z.guid(),
  phoneNumber: z.string(),
  sid: z.string().nullable(),
  friendlyName: z.string().nullable(),
  status: z.string(),
  isPrimary: z.boolean(),
  messagesPerSecond: z.number(),
  purchasedAt: time.nullable(),
}).meta({ id: "TenantNumber" });

const subscription = z.strictObject({
  id: z.string(),
  customerId: z.string(),
  plan: z.string().nullable(),
  status: z.enum(Constants.public.Enums.subscription_status),
  origin: z.enum(Constants.public.Enums.subscription_origin).nullable(),
  counts: z.boolean().describe("Whether this one gives the plan and the account status"),
  currentPeriodStart: time.nullable(),
  currentPeriodEnd: time.nullable(),
  pastDueSince: time.nullable(),
  cancelAt: time.nullable(),
  endedAt: time.nullable(),
}).meta({ id: "TenantSubscription" });

const usage = z.strictObject({
  periodStart: time,
  periodEnd: time.describe("The end of the billing period"),
  messages: count.describe("Messages sent"),
  cost: z.number().describe("What Twilio charges for messages and numbers, by our own count"),
  price: z.number().describe("What the tenant pays for them"),
  remaining: z.strictObject({
    daily: z.number().min(0).describe("Messages"),
    monthly: z.number().min(0).describe("Messages"),
    spend: z.number().min(0).describe("In the tenant's prices"),
  }),
  atTwilio: z.array(z.strictObject({
    category: z.string(),
    count: z.number(),
    usage: z.number(),
    cost: z.number(),
    unit: z.string().describe("The currency"),
  })).describe("What Twilio has counted in the period, by category. Some categories contain others"),
}).meta({ id: "TenantUsage" });

const billing = z.strictObject({
  payer: z.strictObject({
    subscriptionId: z.string(),
    customerId: z.string(),
    periodStart: time,
    periodEnd: time.nullable().describe("null: the present period is not read from Stripe yet"),
    isTrial: z.boolean(),
  }).nullable().describe("The subscription that pays for usage now; null: usage is a loss"),
  currency: z.string().nullable().describe("In which usage is billed now"),
  ownMarkup: z.number().nullable().describe("In place of the plan's; null: none is set"),
  unsent: z.array(z.strictObject({ currency: z.string(), units: z.int() }))
    .describe("What is rated and not accepted by Stripe yet, in whole ten-thousandths"),
  statements: z.array(z.strictObject({
    id: z.guid(),
    type: z.enum(Constants.public.Enums.statement_type),
    status: z.enum(Constants.public.Enums.statement_status),
    startsAt: time,
    endsAt: time,
    currency: z.string(),
    amount: z.number(),
    units: z.int(),
    pendingUnits: z.int(),
  })).describe("The last three"),
}).meta({ id: "TenantBilling" });

const unpaidPart = z.strictObject({
  reason: z.enum(Constants.public.Enums.unpaid_reason),
  costs: costsSchema,
  numbers: numbersAtCostSchema,
}).meta({ id: "TenantUnpaid" });

const notice = z.strictObject({
  id: z.guid(),
  kind: z.string(),
  subject: z.string(),
  details: z.record(z.string(), z.unknown()),
  raisedAt: time,
}).meta({ id: "TenantNotice" });

const job = z.strictObject({
  lane: z.enum(Constants.public.Enums.job_lane),
  id: z.int(),
  kind: z.string().nullable(),
  attempts: count,
  enqueuedAt: time,
  dueAt: time,
  error: z.string().nullable().describe("The error of the last attempt"),
}).meta({ id: "TenantJob" });

export const timelineQuery = z.strictObject({
  cursor: cursorParameter(z.tuple([timestampSchema, z.int()])),
  limit: limitParameter(1000, 50),
  format: formatParameter,
}).meta({ id: "TimelinePage" });

export const timelineSchema = z.strictObject({ entries: z.array(entrySchema), next: nextSchema })
  .meta({ id: "Timeline", description: "The response of admin/tenants/{userId}/timeline" });

const partsSchema = z.strictObject({
  numbers: z.array(number),
  subscriptions: z.array(subscription).describe("The newest first"),
  limits: limitsSchema.describe("Those that apply now"),
  ownLimits: ownLimitsSchema.nullable(),
  usage,
  billing,
  unpaid: unpaidPart.nullable()
    .describe("What the account costs a month that no subscription pays for, and why; null: nothing"),
  notices: z.array(notice).describe("The last 50"),
  jobs: z.array(job).describe("The next 50"),
  deadLetters: z.array(deadLetterSchema).describe("The last 50"),
});

export const tenantViewSchema = partsSchema.extend({
  tenant: tenantSchema,
  alerts: z.array(alertSchema).describe("The open ones"),
  timeline: timelineSchema.describe("The last 50 lines of the audit log; next continues at the tenant's timeline"),
}).meta({ id: "TenantView", description: "One tenant as a whole" });

const tenantToShow = decision("show_tenant", { found: ["tenant", "parts", "alerts"], not_found: [] });

const VIEW_ENTRIES = 50;

/** One tenant as a whole. */
export async function showTenant(_request: Request, { db, parameters }: Context): Promise<Response> {
  const userId = parameters["userId"]!;
  const [shown, timeline] = await Promise.all([
    tenantToShow(db, { p_user_id: userId }),
    timelineOf(db, userId, { cursor: undefined, limit: VIEW_ENTRIES }),
  ]);
  if (shown.outcome === "not_found") throw unknownTenant(userId);
  return Response.json({
    tenant: tenantsFrom([shown.tenant])[0],
    ...(shown.parts as z.output<typeof partsSchema>),
    alerts: (shown.alerts as Row<"operator_alerts">[]).map(alertOf),
    timeline,
  });
}

/** The lines of the audit log of one tenant, newest first. A deleted tenant's lines are kept. */
export async function showTimeline(request: Request, { db, parameters }: Context): Promise<Response> {
  const { format, ...wanted } = readQuery(request, timelineQuery);
  const timeline = await timelineOf(db, parameters["userId"]!, wanted);
  if (format === "csv") {
    return csvResponse("timeline", TIMELINE_COLUMNS, { items: timeline.entries, next: timeline.next });
  }
  return Response.json(timeline);
}

async function timelineOf(
  db: Db,
  userId: string,
  { cursor, limit }: Pick<z.output<typeof timelineQuery>, "cursor" | "limit">,
): Promise<z.output<typeof timelineSchema>> {
  const lines = await rows(db, "list_audit_lines", {
    p_user_id: userId,
    p_before_at: cursor?.[0] ?? null,
    p_before_id: cursor?.[1] ?? null,
    p_limit: limit,
  });
  const { items: entries, next } = page(lines, limit, entryOf, (last) => writeCursor([timestampOf(last.at), last.id]));
  return { entries, next };
}

/** Compares a tenant's subaccount and numbers with Twilio now. Jobs do it; the response is 202. */
export async function syncTenant(request: Request, { db, env, user, requestId }: Context): Promise<Response> {
  const { userId, reason } = await readJson(request, tenantSyncSchema);
  const outcome = await decide(db, "request_tenant_sync", {
    p_user_id: userId,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  if (outcome === "not_found") throw unknownTenant(userId);
  wakeJobs(env, "control");
  return Response.json({ accepted: true, userId }, { status: 202 });
}

function unknownTenant(userId: string): ApiError {
  return new ApiError("not_found", `Cannot find a tenant "${userId}"`);
}
