import * as z from "zod";
import { Constants } from "../_shared/database.types.ts";
import { alertSchema } from "../_shared/alerts/shape.ts";
import { phoneNumberSchema } from "../_shared/numbers/shape.ts";
import { regulatoryShape } from "../_shared/numbers/regulatory-information.ts";
import { e164Schema } from "../_shared/numbers/phone-number.ts";
import { formatParameter } from "../_shared/platform/csv.ts";
import { idSchema } from "../_shared/platform/ids.ts";
import { healthSchema, unpaidTotalShape } from "../_shared/health/health.ts";
import { limitParameter } from "../_shared/platform/paging.ts";
import type { Contract } from "../_shared/platform/contract.ts";
import { costsSchema, numbersAtCostSchema } from "./unpaid-shape.ts";
import { ACCOUNT_STATUS_ERRORS, subaccountStatusSchema } from "../_shared/accounts/status.ts";

import { auditQuery, auditSchema } from "./audit.ts";
import { planLimitsSchema, planLimitsSetSchema, tenantLimitsSchema, tenantLimitsSetSchema } from "./limit-shapes.ts";
import { deadLetterSchema, reasonText as reason, tenantSyncSchema } from "./shapes.ts";
import { carrierFeeList, carrierFeeSet, carrierFeeSetting, carrierFeesQuery } from "./carrier-fees.ts";
import { exchangeRateList, exchangeRateSet, exchangeRateSetting, exchangeRatesQuery } from "./exchange-rates.ts";
import { reconciliationList, reconciliationsQuery } from "./reconciliations.ts";
import { nextInvoiceQuery, nextInvoiceSchema } from "./next-invoice.ts";
import { planList } from "./plans.ts";
import { lossesQuery, lossList, revenueList, revenueQuery } from "./revenue.ts";
import { rejectedList, rejectedQuery, unbilledList, unbilledQuery } from "./unbilled.ts";
import { tenantEmailList, tenantEmailsQuery } from "./tenant-emails.ts";
import { tenantUsageQuery, tenantUsageSchema } from "./tenant-usage.ts";
import { tenantFiguresQuery, tenantFiguresSchema } from "./tenant-figures.ts";
import { tenantListSchema, tenantsQuery } from "./tenants.ts";
import { tenantViewSchema, timelineQuery, timelineSchema } from "./tenant-view.ts";

const limit = limitParameter(200, 50);
export const deadLettersQuery = z.strictObject({
  before: z.coerce.number<number>().int().positive().optional()
    .describe("The page begins with the dead letter before this id"),
  limit,
}).meta({ id: "DeadLettersPage" });

export const alertsQuery = z.strictObject({
  before: idSchema.optional().describe("The page begins with the alert before this id"),
  state: z.enum(Constants.public.Enums.alert_state).default("open")
    .describe("open: alerts that are not settled, of which some may be acknowledged. settled: kept for 180 days"),
  kind: z.enum(Constants.public.Enums.alert_kind).optional().describe("Only alerts of this kind"),
  limit,
  format: formatParameter,
}).meta({ id: "AlertsPage" });

/** The body of an action that needs nothing but its reason. */
export const reasonSchema = z.strictObject({ reason })
  .meta({ id: "ActionReason", description: "The body of admin/sweep and admin/rotate-sealing-keys" });

export const tokenRotationSchema = z.strictObject({ userId: idSchema, reason })
  .meta({ id: "TokenRotation", description: "The body of admin/rotate-token" });

export const provisionSchema = z.union([
  z.strictObject({ userId: idSchema, reason }),
  z.strictObject({ email: z.string().trim().min(3).max(320), reason }),
]).meta({ id: "Provision", description: "A user by id, or by the whole email address in any case" });

export const holdSchema = z.strictObject({
  userId: idSchema,
  reason,
  confirmSubaccountSid: z.string().optional()
    .describe("The subaccount's SID, typed again: closing is final and releases the numbers"),
}).meta({ id: "Hold", description: "The body of admin/suspend, admin/resume and admin/close" });

export const replaySchema = z.union([
  z.strictObject({ deadLetter: z.number().int().positive(), reason }),
  z.strictObject({
    deadLetters: z.union([z.literal("all"), z.array(z.number().int().positive()).min(1).max(200)])
      .describe("The ids of up to 200, or all. The response says how many there were"),
    reason,
  }),
  z.strictObject({ eventId: z.string().min(1).max(255), reason }),
]).meta({ id: "Replay", description: "One dead letter, several or all of them, or one Stripe event" });

export const settleAlertSchema = z.strictObject({ alertId: idSchema, reason })
  .meta({ id: "AlertSettlement", description: "The body of admin/settle-alert" });

export const acknowledgeAlertSchema = z.strictObject({ alertId: idSchema, reason })
  .meta({ id: "AlertAcknowledgement", description: "The body of admin/acknowledge-alert" });

export const changeAlertsSchema = z.strictObject({
  alertIds: z.array(idSchema).min(1).max(200),
  to: z.enum(Constants.public.Enums.alert_change),
  reason,
}).meta({ id: "AlertsChange", description: "The body of admin/change-alerts" });

const changedAlerts = z.strictObject({
  alerts: z.array(z.strictObject({
    alertId: z.guid(),
    state: z.enum(Constants.public.Enums.changed_alert)
      .describe("After the change. An alert that was settled before stays settled when it is acknowledged"),
  })).describe("Each alert once"),
}).meta({ id: "ChangedAlerts", description: "The response of admin/change-alerts" });

export const cancellationSchema = z.strictObject({
  subscriptionId: z.string().min(1).max(255).describe("sub_…"),
  atPeriodEnd: z.boolean().default(false).describe("true: the paid period runs out first. false: at once"),
  prorate: z.boolean().default(false)
    .describe("true: at once, and what was paid for the rest of the period is given back on the last invoice"),
  undo: z.boolean().default(false).describe("true: a scheduled cancellation is undone"),
  reason,
}).refine(({ atPeriodEnd, prorate, undo }) => [atPeriodEnd, prorate, undo].filter(Boolean).length <= 1, {
  message: "At most one of atPeriodEnd, prorate and undo can be true",
}).meta({ id: "SubscriptionCancellation", description: "The body of admin/cancel-subscription" });

const cancellation = z.strictObject({
  subscriptionId: z.string(),
  isOver: z.boolean().describe("true: the subscription was over before. false: a job cancels it at Stripe"),
}).meta({ id: "SubscriptionCanceled", description: "The response of admin/cancel-subscription" });

export const sendRateSchema = z.strictObject({
  phoneNumber: e164Schema.describe("E.164"),
  messagesPerSecond: z.number().min(0.01).max(1000).describe("0.01 to 1000"),
  reason,
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

const deadLetterList = z.strictObject({ deadLetters: z.array(deadLetterSchema), next: z.int().positive().nullable() })
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
  })).describe("A page may have fewer accounts than its limit before the last page"),
  next: z.guid().nullable(),
}).meta({ id: "UnpaidAccountList", description: "The response of admin/unpaid-accounts" });

export const unpaidTotalSchema = z.strictObject(unpaidTotalShape)
  .meta({ id: "UnpaidTotal", description: "The response of admin/unpaid-total" });

export const contract = {
  caller: "operator",
  operations: [
    {
      method: "GET",
      path: "/tenants",
      summary: "Lists tenants that match a search and filters, a page at a time",
      query: tenantsQuery,
      responses: { 200: tenantListSchema },
      csv: true,
      errors: [],
    },
    {
      method: "GET",
      path: "/tenant-figures",
      summary: "Returns usage of the billing period and messages by day of the tenants on a page of the list",
      query: tenantFiguresQuery,
      responses: { 200: tenantFiguresSchema },
      errors: [],
    },
    {
      method: "GET",
      path: "/tenants/{userId}",
      summary: "Returns one tenant as a whole",
      responses: { 200: tenantViewSchema },
      errors: [],
    },
    {
      method: "GET",
      path: "/tenants/{userId}/timeline",
      summary: "Lists the lines of the audit log of one tenant, newest first, a page at a time",
      query: timelineQuery,
      responses: { 200: timelineSchema },
      csv: true,
      errors: [],
    },
    {
      method: "GET",
      path: "/tenants/{userId}/usage",
      summary: "Returns what a tenant used on each day, with their price and Twilio's cost",
      query: tenantUsageQuery,
      responses: { 200: tenantUsageSchema },
      csv: true,
      errors: [],
    },
    {
      method: "GET",
      path: "/audit",
      summary: "Lists the lines of the whole audit log, newest first, a page at a time",
      query: auditQuery,
      responses: { 200: auditSchema },
      csv: true,
      errors: [],
    },
    {
      method: "GET",
      path: "/reconciliations",
      summary: "Lists the days of accounts that were compared with Twilio's usage, newest first, a page at a time",
      query: reconciliationsQuery,
      responses: { 200: reconciliationList },
      csv: true,
      errors: [],
    },
    {
      method: "GET",
      path: "/carrier-fees",
      summary: "Lists carrier fees by country, channel and day, a page at a time",
      query: carrierFeesQuery,
      responses: { 200: carrierFeeList },
      csv: true,
      errors: [],
    },
    {
      method: "POST",
      path: "/set-carrier-fee",
      summary: "Sets the carrier fee of a country and channel from a day on; reserved messages keep theirs",
      body: carrierFeeSetting,
      responses: { 200: carrierFeeSet },
      errors: [],
    },
    {
      method: "GET",
      path: "/exchange-rates",
      summary: "Lists exchange rates by currencies and day, a page at a time",
      query: exchangeRatesQuery,
      responses: { 200: exchangeRateList },
      csv: true,
      errors: [],
    },
    {
      method: "POST",
      path: "/set-exchange-rate",
      summary: "Sets what Twilio's currency is worth in a plan's from a day on; what is rated keeps its rate",
      body: exchangeRateSetting,
      responses: { 200: exchangeRateSet },
      errors: [],
    },
    {
      method: "GET",
      path: "/revenue",
      summary: "Returns revenue, cost and margin by month of use and currency, by tenant or in total, a page at a time",
      query: revenueQuery,
      responses: { 200: revenueList },
      csv: true,
      errors: [],
    },
    {
      method: "GET",
      path: "/losses",
      summary: "Lists what is not billed by month of use and reason, by tenant or in total, a page at a time",
      query: lossesQuery,
      responses: { 200: lossList },
      csv: true,
      errors: [],
    },
    {
      method: "GET",
      path: "/unbilled",
      summary: "Lists usage that is not billed yet, the oldest first, a page at a time",
      query: unbilledQuery,
      responses: { 200: unbilledList },
      csv: true,
      errors: [],
    },
    {
      method: "GET",
      path: "/rejected",
      summary: "Lists usage that Stripe rejected or did not count, newest first, a page at a time",
      query: rejectedQuery,
      responses: { 200: rejectedList },
      csv: true,
      errors: [],
    },
    {
      method: "GET",
      path: "/next-invoice",
      summary: "Returns what a tenant's next invoice will bill, by our ledger and by Stripe's preview",
      query: nextInvoiceQuery,
      responses: { 200: nextInvoiceSchema },
      errors: ["subscription_not_found", "stripe_unavailable", "stripe_misconfigured"],
    },
    {
      method: "POST",
      path: "/sync-tenant",
      summary: "Compares a tenant's subaccount, numbers and usage with Twilio now",
      body: tenantSyncSchema,
      responses: { 202: acceptedFor },
      errors: [],
    },
    {
      method: "POST",
      path: "/set-tenant-limits",
      summary: "Sets limits of a tenant in place of those of their plan, or removes them",
      body: tenantLimitsSchema,
      responses: { 200: tenantLimitsSetSchema },
      errors: [],
    },
    {
      method: "GET",
      path: "/plans",
      summary: "Lists every version of every plan with its limits and how many subscriptions have it",
      responses: { 200: planList },
      errors: [],
    },
    {
      method: "GET",
      path: "/tenant-emails",
      summary: "Returns the email addresses of tenants that a list names by id",
      query: tenantEmailsQuery,
      responses: { 200: tenantEmailList },
      errors: [],
    },
    {
      method: "POST",
      path: "/set-plan-limits",
      summary: "Changes limits of a plan; a plan that was sold gets a new version unless `changesSold` is true",
      body: planLimitsSchema,
      responses: { 200: planLimitsSetSchema },
      errors: ["plan_superseded", "price_taken"],
    },
    {
      method: "GET",
      path: "/health",
      summary:
        "Returns the state of this installation: queues, alerts, capacity, webhooks, schedules, usage and unpaid costs",
      responses: { 200: healthSchema },
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
      csv: true,
      errors: [],
    },
    {
      method: "POST",
      path: "/acknowledge-alert",
      summary: "Takes note of an alert whose cause continues: it stays open, and is not delivered any more",
      body: acknowledgeAlertSchema,
      responses: {
        200: z.strictObject({ alertId: z.guid(), acknowledged: z.literal(true) }).meta({ id: "AcknowledgedAlert" }),
      },
      errors: ["alert_settled"],
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
      path: "/change-alerts",
      summary: "Acknowledges or settles up to 200 alerts, each with its own audit line",
      body: changeAlertsSchema,
      responses: { 200: changedAlerts },
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
      summary: "Gives a user, by id or email address, a subaccount without a subscription",
      body: provisionSchema,
      responses: { 202: acceptedFor },
      errors: ["ambiguous_email"],
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
      body: reasonSchema,
      responses: { 202: accepted },
      errors: [],
    },
    {
      method: "POST",
      path: "/rotate-token",
      summary: "Rotates the auth token of a tenant's subaccount",
      body: tokenRotationSchema,
      responses: { 202: acceptedRotation },
      errors: ["subaccount_pending", "subaccount_suspended", "subaccount_closed"],
    },
    {
      method: "POST",
      path: "/rotate-sealing-keys",
      summary: "Seals all tokens with the current key now, before the daily run",
      body: reasonSchema,
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
      responses: {
        200: sendRateSchema.omit({ reason: true }).extend({ userId: z.guid() }).meta({ id: "NumberSendRateSet" }),
      },
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
      summary: "Returns the monthly cost of all accounts without a paying tenant, as a job counted it last",
      responses: { 200: unpaidTotalSchema },
      errors: [],
    },
  ],
} as const satisfies Contract;
