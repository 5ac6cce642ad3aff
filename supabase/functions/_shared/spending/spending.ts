import * as z from "zod";
import { ApiError } from "../platform/errors.ts";
import { isoOf } from "../platform/time.ts";

export const spendingSchema = z.strictObject({
  percent: z.literal([80, 100]).describe("The threshold of the limit that is reached"),
  limit: z.number().describe("The most that may be spent in the billing period"),
  used: z.number().describe("What is spent or reserved, with the fees of your numbers until the period ends"),
  left: z.number(),
  periodStart: z.string(),
  periodEnd: z.string(),
}).meta({ id: "Spending", description: "A spend limit of which 80 % or 100 % are used, in your own prices" });

export type Spending = z.output<typeof spendingSchema>;

const storedSchema = z.object({
  percent: z.number(),
  limit: z.number(),
  used: z.number(),
  left: z.number(),
  periodStart: z.string(),
  periodEnd: z.string(),
});

/** The part of a response that says that a threshold of the spend limit is reached; empty below 80 %. */
export function spendingNotice(stored: unknown): { spending?: Spending } {
  if (stored === null || stored === undefined) return {};
  return { spending: spendingSchema.parse(shown(stored)) };
}

/**
 * The error for what the spend limit leaves no room for. It has no Retry-After, because waiting a few seconds or minutes does not help.
 * @param cannot what could not be done
 */
export function spendLimitReached(cannot: string, stored: unknown): ApiError {
  const { limit, used, left, periodEnd } = shown(stored);
  return new ApiError(
    "spend_limit_reached",
    `${cannot}: your spend limit of ${limit} has ${left} left until ${periodEnd}. Subscribe to a larger plan, or wait until then`,
    { details: [{ limit, used, left, periodEnd }] },
  );
}

function shown(stored: unknown): z.output<typeof storedSchema> {
  const spending = storedSchema.parse(stored);
  return { ...spending, periodStart: isoOf(spending.periodStart), periodEnd: isoOf(spending.periodEnd) };
}
