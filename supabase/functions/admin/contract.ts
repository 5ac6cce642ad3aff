import * as z from "zod";
import { Constants } from "../_shared/database.types.ts";
import { alertSchema } from "../_shared/alerts/shape.ts";
import { phoneNumberSchema } from "../_shared/numbers/shape.ts";
import { regulatoryShape } from "../_shared/numbers/regulatory-information.ts";
import { e164Schema } from "../_shared/numbers/phone-number.ts";
import { idSchema } from "../_shared/platform/ids.ts";
import { limitParameter } from "../_shared/platform/paging.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { costsSchema, numbersAtCostSchema } from "./unpaid-shape.ts";
import { ACCOUNT_STATUS_ERRORS, subaccountStatusSchema } from "../_shared/accounts/status.ts";

const limit = limitParameter(200, 50);
export const tenantsQuery = z.strictObject({
  after: idSchema.optional().describe("The page begins after this user's id"),
  limit,
}).meta({ id: "TenantsPage" });
export const deadLettersQuery = z.strictObject({
  before: z.coerce.number<number>().int().positive().optional()
    .describe("The page begins with the dead letter before this id"),
  limit,
}).meta({ id: "DeadLettersPage" });

export const alertsQuery = z.strictObject({
  before: idSchema.optional().describe("The page begins with the alert before this id"),
  state: z.enum(["open", "all"]).default("open").describe("open: only alerts that are not settled"),
  limit,
}).meta({ id: "AlertsPage" });

export const tenantSchema = z.strictObject({ userId: idSchema }).meta({ id: "TenantId" });

const reason = z.string().min(1).max(300).describe("1 to 300 characters, for the audit log");
export const holdSchema = z.strictObject({
  userId: idSchema,
  reason,
  confirmSubaccountSid: z.string().optional()
    .describe("The subaccount's SID, typed again: closing is final and releases the numbers"),
}).meta({ id: "Hold", description: "The body of admin/suspend, admin/resume and admin/close" });

export const replaySchema = z.union([
  z.strictObject({ deadLetter: z.number().int().positive() }),
  z.strictObject({ deadLetters: z.literal("all") }),
  z.strictObject({ eventId: z.string().min(1).max(255) }),
]).meta({ id: "Replay", description: "One dead letter, all dead letters, or one Stripe event" });

export const settleAlertSchema = z.strictObject({ alertId: idSchema, reason })
  .meta({ id: "AlertSettlement", description: "The body of admin/settle-alert" });

export const cancellationSchema = z.strictObject({
  subscriptionId: z.string().min(1).max(255).describe("sub_…"),
  atPeriodEnd: z.boolean().default(false).describe("true: the paid period runs out first. false: at once"),
  reason,
}).meta({ id: "SubscriptionCancellation", description: "The body of admin/cancel-subscription" });

const cancellation = z.strictObject({
  subscriptionId: z.string(),
  isOver: z.boolean().describe("true: the subscription was over before. false: a job cancels it at Stripe"),
}).meta({ id: "SubscriptionCanceled", description: "The response of admin/cancel-subscription" });

export const sendRateSchema = z.strictObject({
  phoneNumber: e164Schema.describe("E.164"),
  messagesPerSecond: z.number().min(0.01).max(1000).describe("0.01 to 1000"),
}).meta({ id: "NumberSendRate", description: "The send rate of campaigns from a tenant's number" });

export const offerSchema = z.strictObject({
  phoneNumber: e164Schema.describe("E.164"),
  isOffered: z.boolean(),
  reason,
}).meta({ id: "NumberOffering", description: "Whether tenants without a subaccount may send from a number" });

export const moveSchema = z.strictObject({
  phoneNumber: e164Schema.describe("E.164"),
  userId: idSchema,
  to: z.enum(["tenant", "master"]),
  ...regulatoryShape,
  reason,
}).meta({ id: "NumberMove", description: "The body of admin/move-number" });

export const movedSchema = z.strictObject({
  number: phoneNumberSchema,
  warning: z.string().describe("What the operator must do next"),
}).meta({ id: "MovedNumber", description: "The response of admin/move-number" });

export const unpaidAccountsQuery = z.strictObject({
  after: idSchema.optional().describe("The page begins after this user's id"),
  limit,
}).meta({ id: "UnpaidAccountsPage" });

const time = z.iso.datetime();

const tenant = z.strictObject({
  userId: z.guid(),
  wanted: z.enum(Constants.public.Enums.wanted_status).describe("The status that the tenant is entitled to"),
  status: subaccountStatusSchema,
  subaccountSid: z.string().nullable(),
  friendlyName: z.string().nullable(),
  operatorHold: z.enum(Constants.public.Enums.operator_hold).nullable(),
  suspendedAtTwilio: z.boolean(),
  requestedAt: time.nullable(),
  userDeletedAt: time.nullable(),
  lastError: z.string().nullable(),
  convergedAt: time.nullable(),
  numbers: z.int().min(0).describe("How many numbers the tenant has"),
}).meta({ id: "Tenant", description: "A tenant as an operator sees it. Times are ISO 8601" });

const tenantList = z.strictObject({ tenants: z.array(tenant), next: z.guid().nullable() })
  .meta({ id: "TenantList", description: "The response of admin/tenants" });

const deadLetter = z.strictObject({
  id: z.int().positive(),
  lane: z.enum(Constants.public.Enums.job_lane).describe("The lane in which the job failed"),
  job: z.record(z.string(), z.unknown()),
  error: z.string(),
  buriedAt: time,
}).meta({ id: "DeadLetter", description: "A job that failed in every attempt, with its last error" });

const deadLetterList = z.strictObject({ deadLetters: z.array(deadLetter), next: z.int().positive().nullable() })
  .meta({ id: "DeadLetterList", description: "The response of admin/dead-letters" });

const alertList = z.strictObject({ alerts: z.array(alertSchema), next: z.guid().nullable() })
  .meta({ id: "AlertList", description: "The response of admin/alerts" });

const sealingKeys = z.strictObject({
  current: z.string().describe("The key that seals"),
  inUse: z.array(z.strictObject({ keyId: z.string(), tokens: z.int().min(0) })),
  missing: z.array(z.string()).describe("Keys that are needed and not configured: their tokens cannot be opened"),
  retirable: z.array(z.string()).describe("Configured keys that are not current and that no token needs"),
}).meta({ id: "SealingKeys", description: "The ids of the sealing keys; a key itself is never shown" });

const acceptance = z.strictObject({ accepted: z.literal(true) });
const accepted = acceptance.meta({ id: "Accepted" });
const acceptedFor = acceptance.extend({ userId: z.guid() }).meta({ id: "AcceptedFor" });
const acceptedRotation = acceptance.extend({ userId: z.guid(), subaccountSid: z.string() })
  .meta({ id: "AcceptedRotation" });
const replayed = acceptance.extend({ replayed: z.int().min(0) }).meta({ id: "Replayed" });
const held = acceptance.extend({
  userId: z.guid(),
  subaccountSid: z.string().nullable(),
  status: subaccountStatusSchema.nullable().describe("The current status: a job applies the change"),
}).meta({ id: "Held", description: "The response of admin/suspend, admin/resume and admin/close" });

const unpaidAccountList = z.strictObject({
  accounts: z.array(z.strictObject({
    userId: z.guid(),
    reason: z.enum(Constants.public.Enums.unpaid_reason).describe("Why no subscription pays for it"),
    subaccountSid: z.string().nullable(),
    status: z.enum(Constants.public.Enums.twilio_account_status).nullable(),
    costs: costsSchema.describe("What it costs a month, by currency"),
    numbers: numbersAtCostSchema,
  })),
  next: z.guid().nullable(),
}).meta({ id: "UnpaidAccountList", description: "The response of admin/unpaid-accounts" });

export const unpaidTotalSchema = z.strictObject({
  totals: z.array(z.strictObject({
    currency: z.string().nullable(),
    accounts: z.int().min(0),
    numbers: z.int().min(0),
    unpriced: z.int().min(0).describe("Numbers whose price is not known: they are not in monthlyCost"),
    monthlyCost: z.string().describe("As decimal text, in Twilio's price"),
  })),
}).meta({ id: "UnpaidTotal", description: "The response of admin/unpaid-total" });

export const contract = {
  caller: "operator",
  operations: [
    {
      method: "GET",
      path: "/tenants",
      summary: "Lists tenants by id, a page at a time",
      query: tenantsQuery,
      responses: { 200: tenantList },
      errors: [],
    },
    {
      method: "GET",
      path: "/dead-letters",
      summary: "Lists dead letters, newest first, a page at a time",
      query: deadLettersQuery,
      responses: { 200: deadLetterList },
      errors: [],
    },
    {
      method: "GET",
      path: "/alerts",
      summary: "Lists alerts, newest first, a page at a time",
      query: alertsQuery,
      responses: { 200: alertList },
      errors: [],
    },
    {
      method: "POST",
      path: "/settle-alert",
      summary: "Settles an alert; the same cause raises a new one",
      body: settleAlertSchema,
      responses: {
        200: z.strictObject({ alertId: z.guid(), settled: z.literal(true) }).meta({ id: "SettledAlert" }),
      },
      errors: [],
    },
    {
      method: "POST",
      path: "/cancel-subscription",
      summary: "Cancels a subscription at Stripe, at once or at the end of its period",
      body: cancellationSchema,
      responses: { 200: cancellation, 202: cancellation },
      errors: [],
    },
    {
      method: "POST",
      path: "/provision",
      summary: "Gives a user a subaccount without a subscription",
      body: tenantSchema,
      responses: { 202: acceptedFor },
      errors: [],
    },
    {
      method: "POST",
      path: "/suspend",
      summary: "Suspends a tenant regardless of their subscription",
      body: holdSchema,
      responses: { 202: held },
      errors: [],
    },
    {
      method: "POST",
      path: "/resume",
      summary: "Lifts a suspension, ours or one made in Twilio's console",
      body: holdSchema,
      responses: { 202: held },
      errors: [],
    },
    {
      method: "POST",
      path: "/close",
      summary: "Closes a tenant's subaccount for good and releases its numbers",
      body: holdSchema,
      responses: { 202: held },
      errors: [],
    },
    {
      method: "POST",
      path: "/replay",
      summary: "Re-enqueues dead letters, or one Stripe event",
      body: replaySchema,
      responses: { 202: replayed },
      errors: [],
    },
    {
      method: "POST",
      path: "/sweep",
      summary: "Compares Twilio with the database now, before the next hourly sweep",
      responses: { 202: accepted },
      errors: [],
    },
    {
      method: "POST",
      path: "/rotate-token",
      summary: "Rotates the auth token of a tenant's subaccount",
      body: tenantSchema,
      responses: { 202: acceptedRotation },
      errors: ["subaccount_pending", "subaccount_suspended", "subaccount_closed"],
    },
    {
      method: "POST",
      path: "/rotate-sealing-keys",
      summary: "Seals all tokens with the current key now, before the daily run",
      responses: { 202: accepted },
      errors: [],
    },
    {
      method: "POST",
      path: "/move-number",
      summary: "Moves a number between the master account and a tenant's",
      body: moveSchema,
      responses: { 200: movedSchema },
      errors: [
        "number_taken",
        "number_not_available",
        "number_purchase_in_progress",
        "number_release_in_progress",
        "regulatory_information_required",
        ...ACCOUNT_STATUS_ERRORS,
        "twilio_refused",
      ],
    },
    {
      method: "POST",
      path: "/offer-number",
      summary: "Lets tenants without a subaccount send from a number of the master account, or no longer",
      body: offerSchema,
      responses: { 200: offerSchema.omit({ reason: true }).meta({ id: "OfferedNumber" }) },
      errors: [],
    },
    {
      method: "POST",
      path: "/set-number-send-rate",
      summary:
        "Sets the send rate of campaigns from a tenant's number: one message a second unless carriers allow more",
      body: sendRateSchema,
      responses: { 200: sendRateSchema.extend({ userId: z.guid() }) },
      errors: [],
    },
    {
      method: "GET",
      path: "/sealing-keys",
      summary: "Returns the current sealing key, and the keys that are in use, missing, or no longer needed",
      responses: { 200: sealingKeys },
      errors: [],
    },
    {
      method: "GET",
      path: "/unpaid-accounts",
      summary: "Lists what accounts without a paying tenant cost a month, by user id, a page at a time",
      query: unpaidAccountsQuery,
      responses: { 200: unpaidAccountList },
      errors: [],
    },
    {
      method: "GET",
      path: "/unpaid-total",
      summary: "Returns the monthly cost of all accounts without a paying tenant",
      responses: { 200: unpaidTotalSchema },
      errors: [],
    },
  ],
} as const satisfies Contract;
