import * as z from "zod";
import { idSchema } from "../_shared/platform/ids.ts";
import { momentSchema } from "../_shared/platform/time.ts";
import { reasonText } from "./shapes.ts";

const count = z.int().min(0).max(2_000_000_000);
const amount = z.number().min(0).max(1_000_000_000);

const LIMITS = {
  maxNumbers: count.describe("Numbers at a time"),
  maxPurchasesPerDay: count,
  maxPurchasesPerMonth: count,
  maxNumberPrice: amount.describe("The highest monthly price of a number"),
  dailyMessageLimit: count,
  monthlyMessageLimit: count,
  spendLimit: amount.describe("In the tenant's prices, per billing period"),
  messagesPerSecond: z.number().min(0.01).max(1000).describe("The send rate of the tenant's campaigns: 0.01 to 1000"),
};

/** Every limit of a plan. */
export const limitsSchema = z.strictObject(LIMITS).meta({ id: "Limits" });

const someLimits = limitsSchema.partial().refine((limits) => Object.keys(limits).length > 0, "must have a limit");

/** A tenant's own price beside the limits: a plan's markup is the row of the plan. */
const markup = z.number().min(0.0001).max(1000).refine((markup) => /^\d+(\.\d{1,4})?$/.test(String(markup)), {
  error: "must have at most four decimals",
}).describe("The tenant's price is what Twilio charges times this, for usage from now on: 0.0001 to 1000");

const ownLimits = z.strictObject({ ...LIMITS, markup }).partial()
  .refine((limits) => Object.keys(limits).length > 0, "must have a limit");

/** What an operator set for a tenant. */
export const ownLimitsSchema = z.strictObject({
  maxNumbers: LIMITS.maxNumbers.nullable(),
  maxPurchasesPerDay: LIMITS.maxPurchasesPerDay.nullable(),
  maxPurchasesPerMonth: LIMITS.maxPurchasesPerMonth.nullable(),
  maxNumberPrice: LIMITS.maxNumberPrice.nullable(),
  dailyMessageLimit: LIMITS.dailyMessageLimit.nullable(),
  monthlyMessageLimit: LIMITS.monthlyMessageLimit.nullable(),
  spendLimit: LIMITS.spendLimit.nullable(),
  messagesPerSecond: LIMITS.messagesPerSecond.nullable(),
  markup: markup.nullable(),
  validUntil: z.iso.datetime().nullable(),
  reason: z.string(),
  setBy: z.guid().describe("The operator's id"),
  setAt: z.iso.datetime(),
}).meta({ id: "OwnLimits", description: "Limits that replace those of a tenant's plan; null: the plan's" });

export const tenantLimitsSchema = z.strictObject({
  userId: idSchema,
  limits: ownLimits.nullable().describe("All of the tenant's own limits and their own markup; null removes them"),
  validUntil: momentSchema.optional().describe("Until when they apply; without it they have no end"),
  reason: reasonText,
}).meta({ id: "TenantLimits", description: "The body of admin/set-tenant-limits" });

export const tenantLimitsSetSchema = z.strictObject({
  userId: z.guid(),
  removed: z.boolean().describe("Whether the limits of the plan apply again"),
}).meta({ id: "TenantLimitsSet" });

export const planLimitsSchema = z.strictObject({
  plan: z.string().min(1).max(100).describe("The key of the plan"),
  limits: someLimits.describe("The limits that change"),
  changesSold: z.boolean().default(false)
    .describe("true: also for those who have the plan. false: a plan that was sold gets a new version"),
  stripePriceId: z.string().min(1).max(255).optional()
    .describe("The price of a new version. Without it, a price belongs to the version by its lookup key"),
  reason: reasonText,
}).meta({ id: "PlanLimits", description: "The body of admin/set-plan-limits" });

export const planLimitsSetSchema = z.strictObject({
  plan: z.string().describe("The key of the plan that has the limits"),
  isNewVersion: z.boolean(),
}).meta({ id: "PlanLimitsSet" });
