import { signUpAs } from "../driver/actor.ts";
import { type BillingClock, billingClock } from "../driver/billing-clock.ts";
import { timed } from "../log.ts";
import { BAKERY, type Business, DENTIST } from "./businesses.ts";
import { afterJobs, hurry } from "./jobs.ts";
import { moveBeginning, withoutTriggers, writePast } from "./past.ts";
import { plannedTraffic } from "./traffic.ts";
import type { DemoStack, DemoTenant, DemoTenants } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A draft stays one for three days, as the documentation of an installation says. */
const INVOICE_GRACE_SECONDS = 72 * 3600;

/** What the plans of the demo data are priced at: a tenant's price is Twilio's times the markup. */
const PRICING = [
  { key: "starter", markup: 2.2, included: 40 },
  { key: "team", markup: 2, included: 100 },
  { key: "scale", markup: 1.6, included: 2000 },
];

/**
 * Lets the time pass from the first subscription until now, on the clock of Stripe's simulator and of billing: two tenants
 * subscribe and buy numbers, write and receive messages, and a billing period of each ends with a statement. The dentist's
 * second payment fails, and a week later their account is suspended.
 */
export async function playHistory(stack: DemoStack): Promise<DemoTenants> {
  const { state, stripe, sql, log } = stack;
  for (const { key, markup, included } of PRICING) {
    await sql`
      update public.plans set markup = ${markup}, included_sms_out = ${included} where key = ${key}`;
  }
  await using clock = billingClock(state, stripe);
  const ago = (days: number) => new Date(Date.now() - days * DAY);
  await clock.beginAt(ago(DENTIST.sinceDays));
  await stripe.account({ gracePeriodSeconds: INVOICE_GRACE_SECONDS });
  const dentist = await timed(log, `Demo data: ${DENTIST.name} subscribes`, () => begin(stack, clock, DENTIST));
  await clock.passTo(ago(BAKERY.sinceDays));
  const bakery = await timed(log, `Demo data: ${BAKERY.name} subscribes`, () => begin(stack, clock, BAKERY));

  const writers = [writer(stack, dentist), writer(stack, bakery)];
  const writeUntil = async (moment: Date) => {
    for (const write of writers) await write(moment);
  };
  await timed(log, `Demo data: the first month of ${DENTIST.name}`, async () => {
    await endPeriod(clock, dentist, writeUntil);
  });
  await timed(log, `Demo data: the first month of ${BAKERY.name}`, async () => {
    await endPeriod(clock, bakery, writeUntil);
  });
  await timed(log, "Demo data: the days until now", async () => {
    await writeUntil(new Date(Date.now() - 10 * MINUTE));
    await clock.passToNow();
    await hurry(sql, "charge-number-fees");
    await afterJobs(stack, "the fees of all numbers to be charged", async () => {
      const due = await sql`select from private.number_purchases where next_fee_at <= now()`;
      return due.count === 0;
    });
    await sql`update private.due_work set due_at = now() where kind = 'rating'`;
    await clock.eventually("the usage until now to be rated", async () => {
      const due = await sql`select from private.due_work where kind = 'rating' and due_at <= now()`;
      return due.count === 0;
    });
    await suspend(stack, dentist);
  });
  return { bakery, dentist };
}

/** The tenant whose payment failed is past due since then, and their account was suspended at the end of the grace. */
async function suspend(stack: DemoStack, { actor: { id, switchboard } }: DemoTenant): Promise<void> {
  const { sql } = stack;
  const [known] = await sql<{ past_due_since: Date }[]>`
    update public.subscriptions s set past_due_since = s.current_period_start + interval '73 hours'
    where s.user_id = ${id} and s.status = 'past_due' returning past_due_since`;
  if (known === undefined) throw new Error("Cannot suspend the tenant: their subscription is not past due");
  // The change alone is looked at within minutes.
  await sql`select private.ask_for_convergence(${id})`;
  await afterJobs(
    stack,
    "the account to be suspended",
    async () => (await switchboard.subaccount()).status === "suspended",
  );
  await withoutTriggers(sql, async (sql) => {
    await sql`
      update public.audit_log set at = ${known.past_due_since}::timestamptz + interval '7 days'
      where user_id = ${id} and action = 'subaccount.suspended'`;
  });
}

/** A tenant signs up, subscribes and buys numbers, at the time of Stripe's clock. */
async function begin(
  stack: DemoStack,
  clock: BillingClock,
  business: Business,
): Promise<DemoTenant> {
  const { state, sql, twilio, stripe, signIns, operator } = stack;
  const { email, plan, paysLater, numbers } = business;
  const signIn = signIns.find((user) => user.email === email);
  if (signIn === undefined) throw new Error(`Cannot sign up "${email}": it is no user of the demo data`);
  const actor = await signUpAs(state, signIn);
  const { subscriptionId } = await stripe.subscribe({
    ...{ clientReferenceId: actor.id, plan, email, payment: paysLater ? "now" as const : "fails_later" as const },
    // As create-checkout does: the subscription is the tenant's own, and not a gift.
    subscriptionMetadata: { user_id: actor.id },
  });
  const accountSid = await afterJobs(stack, "the subaccount of the plan", async () => {
    const { status, subaccountSid } = await actor.switchboard.subaccount();
    return status === "active" && subaccountSid !== null && subaccountSid;
  });
  await clock.eventually("the items that bill usage to be at the subscription", async () => {
    const items = await sql`
      select from private.metered_items where subscription_id = ${subscriptionId} and added_at <= private.present()`;
    return items.count > 0;
  });
  for (const { phoneNumber, name } of numbers) {
    await actor.switchboard.buyNumber({ phoneNumber, friendlyName: name });
    await operator.switchboard.admin.setNumberSendRate({
      ...{ phoneNumber, messagesPerSecond: 25, reason: "Registered for 10DLC" },
    });
  }
  await moveBeginning(
    sql,
    twilio,
    { userId: actor.id, accountSid },
    Math.round(Date.now() / 1000) - await stripe.now(),
  );
  return { business, actor, accountSid };
}

/** Returns what writes the next part of a tenant's messages, up to a moment. */
function writer(
  { sql, twilio }: DemoStack,
  { business, actor, accountSid }: DemoTenant,
): (until: Date) => Promise<void> {
  const start = new Date(Date.now() - business.sinceDays * DAY + 2 * HOUR);
  const messages = plannedTraffic(business, start, new Date(Date.now() - business.silentSinceDays * DAY));
  return async (until) => {
    const part = messages.splice(0, messages.findLastIndex(({ at }) => at < until) + 1);
    await writePast(sql, twilio, { userId: actor.id, accountSid }, part);
  };
}

/** The end of a tenant's present billing period, until its statement is closed. */
async function endPeriod(
  clock: BillingClock,
  { actor: { switchboard } }: DemoTenant,
  writeUntil: (moment: Date) => Promise<void>,
): Promise<void> {
  const { statements: [open] } = await switchboard.listStatements();
  if (open === undefined) throw new Error("Cannot end a billing period: the tenant has no statement");
  const end = new Date(open.until).getTime();
  const after = (hours: number) => new Date(end + hours * HOUR);
  await writeUntil(after(0));
  await clock.passPeriod(after(0), async () => (await switchboard.statement(open.id)).invoices.length > 0);
  await clock.eventually("the usage of the period to be sent to Stripe", async () => {
    const { status, units, pendingUnits, invoices } = await switchboard.statement(open.id);
    return status === "closing" && units > 0 && pendingUnits === 0 && invoices.length > 0;
  });
  await clock.passTo(after(50));
  await clock.eventually(
    "the next period's statement",
    async () => (await switchboard.listStatements()).statements.length === 2,
  );
  await writeUntil(after(90));
  await clock.passTo(after(90));
  await clock.eventually(
    "the invoice to be final and compared",
    async () => (await switchboard.statement(open.id)).status === "closed",
  );
}
