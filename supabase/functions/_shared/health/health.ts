import * as z from "zod";
import { Constants } from "../database.types.ts";
import { type Db, decide } from "../platform/database.ts";
import type { Env } from "../platform/env.ts";

const time = z.iso.datetime();
const count = z.int().min(0);
const seconds = z.number().min(0);
const bounded = z.strictObject({
  count: count.max(1000),
  isMore: z.boolean().describe("Whether there are more than 1,000"),
}).meta({ id: "BoundedCount", description: "A count that stops at 1,000" });
const level = z.enum(Constants.public.Enums.sweep_level).describe(
  "warning from 80 %, critical from 95 % of the maximum",
);

/** The cost of accounts without a paying tenant, as a job counted it last. */
export const unpaidTotalShape = {
  totals: z.array(z.strictObject({
    currency: z.string().nullable().describe("ISO 4217; null until Twilio has reported the master account's currency"),
    accounts: count,
    numbers: count,
    unpriced: count.describe("Numbers whose price is not known: they are not in monthlyCost"),
    monthlyCost: z.string().describe("As decimal text, in Twilio's price"),
  })).describe("By currency: amounts of two currencies are never added"),
  countedAt: time.nullable().describe("A job counts every 15 minutes; null before the first count"),
  ageSeconds: seconds.nullable(),
};

export const healthSchema = z.strictObject({
  at: time,
  lanes: z.array(z.strictObject({
    lane: z.enum(Constants.public.Enums.job_lane),
    jobs: bounded,
    due: bounded.describe("Jobs that could run now"),
    inFlight: bounded,
    oldestDueAt: time.nullable(),
    waitsSeconds: seconds.describe("How long the job that is due longest has waited"),
  })),
  deadLetters: bounded,
  alerts: z.array(z.strictObject({
    kind: z.enum(Constants.public.Enums.alert_kind),
    open: bounded,
    unacknowledged: bounded,
  })),
  sweep: z.strictObject({
    startedAt: time,
    finishedAt: time,
    ageSeconds: seconds,
    level,
    accounts: count,
    openAccounts: count,
    mismatches: count,
    missing: count,
    strangers: count,
    tenants: z.strictObject({ pending: count, active: count, suspended: count, closed: count }),
  }).nullable().describe("The last finished one"),
  capacity: z.strictObject({ open: count, max: count, level }).describe("Open subaccounts"),
  webhooks: z.strictObject({
    stripe: z.strictObject({ unprocessed: bounded, oldestReceivedAt: time.nullable() }),
    forwarding: z.strictObject({
      deliveries: count.describe("To tenants' webhooks, in the last day: the newest 1,000"),
      failed: count.describe("Those that failed in every attempt"),
    }),
  }),
  scheduler: z.strictObject({
    lastAt: time.nullable().describe("When a recurring job was last enqueued"),
    lateSeconds: seconds.nullable().describe("By how much the most overdue recurring job is late"),
  }),
  dueWork: z.array(z.strictObject({
    kind: z.string(),
    lateSeconds: seconds.describe("By how much the most overdue tenant is late"),
  })),
  messages: z.array(z.strictObject({
    direction: z.enum(Constants.public.Enums.message_direction),
    status: z.enum(Constants.public.Enums.message_status),
    count,
  })).describe("Of the last hour: the newest 10,000"),
  usage: z.strictObject({
    due: bounded.describe("Accounts whose usage is to be read at Twilio"),
    oldestDueAt: time.nullable(),
    lateSeconds: seconds.describe("By how much the most overdue account is late"),
    oldestUnreadDay: z.iso.date().nullable()
      .describe(
        "The oldest UTC day before today that no read of an account has covered. Idle accounts are read weekly",
      ),
    retrying: bounded.describe("Reads that failed and are repeated"),
    deadLetters: bounded.describe("Reads that failed in every attempt, among the newest 1,000 dead letters"),
  }).describe("The sync of usage"),
  reconciliation: z.strictObject({
    due: bounded.describe("Days of accounts whose comparison with usage is due"),
    lateSeconds: seconds.describe("By how much the most overdue comparison is late"),
    openDays: bounded.describe("Days of accounts whose usage may still change"),
    unexplained: bounded.describe("Closed days whose difference must be explained: admin/reconciliations lists them"),
  }),
  unpaid: z.strictObject(unpaidTotalShape).describe("The monthly cost of all accounts without a paying tenant"),
}).meta({ id: "Health", description: "The state of this installation" });

export type Health = z.output<typeof healthSchema>;

/** The state of this installation, in one round trip whose cost does not grow with the tenants. */
export async function healthOf(db: Db, { MAX_SUBACCOUNTS }: Pick<Env, "MAX_SUBACCOUNTS">): Promise<Health> {
  return await decide(db, "describe_health", { p_max_subaccounts: MAX_SUBACCOUNTS }) as Health;
}
