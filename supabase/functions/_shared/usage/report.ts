import * as z from "zod";
import { Constants } from "../database.types.ts";
import { type Columns, formatParameter } from "../platform/csv.ts";
import { type Db, decide } from "../platform/database.ts";
import { isoOf } from "../platform/time.ts";

const DAY_MS = 86_400_000;
/** The longest range of one report, in days. */
export const LONGEST_RANGE = 400;

/** A UTC day in a request. */
export const daySchema = z.iso.date({ error: "must be a date such as 2026-11-26", abort: true })
  .refine((day) => day >= "2000" && day < "2100", { error: "must be in the years 2000 to 2099", abort: true });

type UsageStep = (typeof Constants.public.Enums.usage_step)[number];

/** A range of UTC days; `until` is not part of it. */
interface Days {
  from: string;
  until: string;
}

/** Refuses a range of days that is empty or too long. */
export function checkRange(by: "day" | "month") {
  return ({ value, issues }: z.core.ParsePayload<{ from?: string | undefined; until?: string | undefined }>): void => {
    const { from, until } = rangeOf({ by, from: value.from, until: value.until }, new Date());
    const field = value.until === undefined ? "from" : "until";
    const refuse = (message: string) => issues.push({ code: "custom", path: [field], message, input: value[field] });
    if (from >= until) refuse(`must make a range: from ${from} up to and without ${until} are no days`);
    else if (daysIn({ from, until }) > LONGEST_RANGE) {
      refuse(`must make a range of at most ${LONGEST_RANGE} days, not ${daysIn({ from, until })}`);
    }
  };
}

export const usageQuery = z.strictObject({
  by: z.enum(Constants.public.Enums.usage_step).default("period")
    .describe("A row for each UTC day, for each calendar month (UTC), or for the current billing period"),
  from: daySchema.optional()
    .describe(
      "The first UTC day. Unless given: 30 days before until, or by month the first day of eleven months before",
    ),
  until: daySchema.optional().describe("The day after the last one. Unless given: tomorrow"),
  format: formatParameter,
}).check((checked) => {
  const { value: { by, from, until }, issues } = checked;
  if (by !== "period") return checkRange(by)(checked);
  for (const [field, input] of Object.entries({ from, until })) {
    if (input !== undefined) {
      const message = "must not be given by period, which is the current billing period";
      issues.push({ code: "custom", path: [field], message, input });
    }
  }
}).meta({ id: "UsageQuery" });

export type UsageQuery = z.output<typeof usageQuery>;

/** The days of a query, with the defaults of those that are not given. */
export function rangeOf(
  { by, from, until }: { by: UsageStep; from?: string | undefined; until?: string | undefined },
  now: Date,
): Days {
  const end = until ?? dayOf(now.getTime() + DAY_MS);
  if (from !== undefined) return { from, until: end };
  const last = new Date(Date.parse(end) - DAY_MS);
  const start = by === "month"
    ? Date.UTC(last.getUTCFullYear(), last.getUTCMonth() - 11)
    : Date.parse(end) - 30 * DAY_MS;
  return { from: dayOf(start), until: end };
}

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
const daysIn = ({ from, until }: Days) => (Date.parse(until) - Date.parse(from)) / DAY_MS;

const kindSchema = z.enum(Constants.public.Enums.usage_kind).meta({
  id: "UsageKind",
  description:
    "number: the monthly fees of numbers, from their purchase on. fee: other fees, such as those of failed messages",
});
const currencySchema = z.string().nullable()
  .describe("ISO 4217. null: estimates, while Twilio has not priced anything of yours yet");
const amounts = {
  currency: currencySchema,
  count: z.number().describe("Messages, or fees"),
  segments: z.number(),
  price: z.number().describe("What it costs you. Messages count at an estimate until Twilio has priced them"),
};
const daysOf = {
  from: z.string().describe("The first UTC day"),
  until: z.string().describe("The day after the last one"),
};
const messageLimit = z.strictObject({ limit: z.number(), left: z.number() });

export const usageRowSchema = z.strictObject({ ...daysOf, kind: kindSchema, ...amounts }).meta({ id: "UsageRow" });

export const usageSchema = z.strictObject({
  by: z.enum(Constants.public.Enums.usage_step),
  ...daysOf,
  usage: z.array(usageRowSchema).describe("A row for each day, month or period, kind and currency that was used"),
  totals: z.array(z.strictObject({ kind: kindSchema, ...amounts })).describe("Of the range, by kind and currency"),
  prices: z.array(z.strictObject({ currency: currencySchema, price: z.number() }))
    .describe("Of the range altogether, by currency: amounts of two currencies are never added"),
  period: z.strictObject({
    ...daysOf,
    plan: z.string().nullable(),
    currency: currencySchema,
    price: z.number().describe("What you have used in this billing period"),
    limit: z.number().describe("The plan's spend limit for a billing period"),
    left: z.number().describe(
      "What messages, purchases and fees may still cost you. The fees of your numbers until the end of the period are " +
        "set aside",
    ),
    forecast: z.number().nullable().describe(
      "The price at the end of the period if its complete days go on, with the fees of the numbers you have. null before " +
        "three days are complete, and with more than one currency",
    ),
  }).describe("The current billing period in UTC days; the calendar month without a subscription"),
  messages: z.strictObject({
    day: messageLimit.describe("In any twenty-four hours"),
    month: messageLimit.describe("In a calendar month (UTC)"),
  }).describe("The plan's limits on sent messages"),
  freshness: z.strictObject({
    estimatedMessages: z.number().describe("Sent messages of the range that Twilio has not priced yet"),
    feesReadAt: z.string().nullable().describe("When fees were last read from Twilio; null: not yet"),
    feesFinalUntil: z.string().nullable().describe("The first UTC day whose fees may still change"),
  }).describe("Messages and numbers are counted at once. Twilio reports prices later, and fees up to days later"),
}).meta({ id: "Usage", description: "The response of get-usage" });

export type Usage = z.output<typeof usageSchema>;

/** The columns of the CSV file. */
export const USAGE_COLUMNS: Columns<z.output<typeof usageRowSchema>> = {
  from: ({ from }) => from,
  until: ({ until }) => until,
  kind: ({ kind }) => kind,
  currency: ({ currency }) => currency,
  count: ({ count }) => count,
  segments: ({ segments }) => segments,
  price: ({ price }) => price,
};

/** Rows of `usage_report`: totals have no days, and that of everything has no kind either. */
const reportSchema = z.array(
  z.object({ from: z.string().nullable(), until: z.string().nullable(), kind: kindSchema.nullable(), ...amounts }),
);

/** A tenant's usage in their own prices, and what is left of their limits. */
export async function reportUsage(db: Db, userId: string, query: UsageQuery, now: Date): Promise<Usage> {
  const range = query.by === "period" ? null : rangeOf(query, now);
  const read = await decide(db, "get_usage", {
    p_user_id: userId,
    p_by: query.by,
    ...(range !== null && { p_from: range.from, p_until: range.until }),
  });
  const rows = reportSchema.parse(read.report);
  return {
    by: query.by,
    from: read.from_day,
    until: read.until_day,
    usage: rows.flatMap(({ from, until, kind, ...row }) =>
      from === null || until === null || kind === null ? [] : [{ from, until, kind, ...row }]
    ),
    totals: rows.flatMap(({ from, until: _, kind, ...row }) =>
      from === null && kind !== null ? [{ kind, ...row }] : []
    ),
    prices: rows.flatMap(({ kind, currency, price }) => kind === null ? [{ currency, price }] : []),
    period: {
      from: read.period_from,
      until: read.period_until,
      plan: read.plan_key,
      currency: read.currency,
      price: Number(read.spent),
      limit: Number(read.spend_limit),
      left: Number(read.spend_left),
      forecast: read.forecast === null ? null : Number(read.forecast),
    },
    messages: {
      day: { limit: Number(read.daily_limit), left: Number(read.daily_left) },
      month: { limit: Number(read.monthly_limit), left: Number(read.monthly_left) },
    },
    freshness: {
      estimatedMessages: Number(read.estimated_messages),
      feesReadAt: isoOf(read.fees_read_at),
      feesFinalUntil: read.fees_final_until,
    },
  };
}
