import { afterJobs, hurry } from "./jobs.ts";
import type { DemoStack, DemoTenants } from "./world.ts";

const DAY = 24 * 3_600_000;
/** A day that differs: another program sent from the bakery's account. */
const DIFFERING_DAYS_AGO = 6;
/** How many days ago the last day is whose usage is final. */
const CLOSED_DAYS_AGO = 3;

/**
 * Reads the usage of all days from Twilio and compares it with the ledger. One day of the bakery has messages at Twilio that
 * the ledger does not have. Then it adds up revenue and the cost of accounts without a paying tenant.
 */
export async function giveOperatorsWork(
  stack: DemoStack,
  { bakery, dentist }: DemoTenants,
): Promise<void> {
  const { sql, twilio, operator } = stack;
  const { admin } = operator.switchboard;
  const at = new Date(Math.floor(Date.now() / DAY - DIFFERING_DAYS_AGO) * DAY + 20.5 * 3_600_000).toISOString();
  for (const to of ["+14155550190", "+14155550191", "+14155550192"]) {
    await twilio.oldMessage({
      ...{ accountSid: bakery.accountSid, from: bakery.business.numbers[1]!.phoneNumber, to, at },
      body: "Sent by another program",
    });
  }
  const [{ since }] = await sql<[{ since: Date }]>`select now() as since`;
  await afterJobs(stack, "the usage of all accounts to be read", async () => {
    // A pass that began before the messages came does not have them: another one follows it.
    const unread = await sql`
      update private.usage_accounts set due_at = now()
      where due_at is not null and coalesce(read_at, '-infinity') < ${since}`;
    if (unread.count === 0) return true;
    await hurry(sql, "sync-all-usage");
    return false;
  });
  // The usage of a day is final after it was unchanged on three dates.
  await sql`
    update private.usage_days set closed_at = now(), unchanged_dates = 3
    where closed_at is null and day <= private.utc_day() - ${CLOSED_DAYS_AGO}::integer`;
  await hurry(sql, "(reconcile-days|add-up-revenue|count-unpaid-accounts|sweep)");
  await afterJobs(
    stack,
    "all days to be compared, the unpaid accounts to be counted and the accounts to be swept",
    async () => {
      const [{ due }] = await sql<[{ due: number }]>`
      select count(*)::integer as due from private.days_to_reconcile where due_at <= now()`;
      const { unpaid, sweep } = await admin.health();
      const { months } = await admin.listRevenue();
      return due === 0 && unpaid.countedAt !== null && (sweep?.accounts ?? 0) > 1 && months.length > 1;
    },
  );
  await admin.setTenantLimits({
    ...{ userId: bakery.actor.id, limits: { dailyMessageLimit: 20_000 } },
    reason: "Agreed for the holiday season",
  });
  await admin.syncTenant({ userId: dentist.actor.id, reason: "Asked by phone why texts do not arrive" });
  const { alerts } = await admin.listAlerts();
  const paused = alerts.find(({ kind }) => kind === "campaign_paused");
  if (paused !== undefined) {
    await admin.acknowledgeAlert({ alertId: paused.id, reason: "The number's registration is with the carriers" });
  }
}
