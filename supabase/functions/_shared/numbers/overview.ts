import * as z from "zod";
import { type Db, decide } from "../platform/database.ts";
import { isoOf } from "../platform/time.ts";

const resetting = (what: string) =>
  z.strictObject({
    limit: z.number(),
    left: z.number(),
    resetsAt: z.string().nullable().describe("When the next one is possible if none is left; null: not by time alone"),
  }).describe(what);

const inProgressSchema = z.strictObject({
  numberId: z.string(),
  phoneNumber: z.string().describe("E.164"),
  status: z.enum(["purchasing", "releasing"]),
}).meta({ id: "NumberInProgress", description: "A number that is being bought or released" });

const scheduledSchema = z.strictObject({
  numberId: z.string().nullable(),
  phoneNumber: z.string().describe("E.164"),
  change: z.enum(["release", "park", "parked_until", "sending_ends"]).describe(
    "release: it is released. park: it leaves your account and is kept for a time. parked_until: it left your account " +
      "and is kept until then. sending_ends: from then on it only receives",
  ),
  at: z.string().describe("ISO 8601; it may be past for sending_ends"),
}).meta({ id: "ScheduledNumberChange", description: "What happens to a number unless your plan changes" });

export const numbersOverviewSchema = z.strictObject({
  numbers: z.strictObject({
    limit: z.number(),
    held: z.number().describe("Those that are being bought or released count"),
  }),
  purchases: z.strictObject({
    day: resetting("In any twenty-four hours"),
    month: resetting("In a calendar month (UTC)"),
  }).describe("Numbers that were released count"),
  highestPrice: z.number().describe("The highest monthly price at which you may buy a number"),
  includedNumbers: z.number().describe("How many monthly prices of numbers your plan includes in a billing period"),
  spending: z.strictObject({ limit: z.number(), left: z.number(), resetsAt: z.string() })
    .describe("What messages, purchases and fees may cost in the billing period"),
  inProgress: z.array(inProgressSchema),
  scheduled: z.array(scheduledSchema).describe("The earliest first"),
  comparedAt: z.string().nullable().describe("When your numbers were last compared with Twilio's list"),
}).meta({ id: "NumbersOverview", description: "Your limits on numbers, and what is in progress or scheduled" });

export type NumbersOverview = z.output<typeof numbersOverviewSchema>;

/** What a tenant may still buy, and what is in progress or scheduled for their numbers. */
export async function numbersOverview(db: Db, userId: string): Promise<NumbersOverview> {
  const read = await decide(db, "numbers_overview", { p_user_id: userId });
  return {
    numbers: { limit: read.max_numbers, held: read.held },
    purchases: {
      day: { limit: read.daily_limit, left: read.daily_left, resetsAt: isoOf(read.daily_resets_at) },
      month: { limit: read.monthly_limit, left: read.monthly_left, resetsAt: isoOf(read.monthly_resets_at) },
    },
    highestPrice: Number(read.highest_price),
    includedNumbers: read.included_numbers,
    spending: {
      limit: Number(read.spend_limit),
      left: Number(read.spend_left),
      resetsAt: isoOf(read.spend_resets_at),
    },
    inProgress: z.array(inProgressSchema).parse(read.in_progress),
    scheduled: z.array(scheduledSchema).parse(read.scheduled).map((change) => ({ ...change, at: isoOf(change.at) })),
    comparedAt: isoOf(read.compared_at),
  };
}
