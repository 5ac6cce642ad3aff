import { signUpAs } from "../driver/actor.ts";
import { type BillingClock, billingClock } from "../driver/billing-clock.ts";
import { timed } from "../log.ts";
import { BAKERY, type Business, DENTIST } from "./businesses.ts";
import { afterJobs, hurry } from "./jobs.ts";
import { moveBeginning, writePast } from "./past.ts";
import { plannedTraffic } from "./traffic.ts";
import type { DemoStack, DemoTenant, DemoTenants } from "./world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A draft stays one for three days, as the documentation of an installation says. */
const INVOICE_GRACE_SECONDS = 72 * 3600;

/** What the plans of the demo data are priced at: a tenant's price is Twilio's times the markup. */
const PRICING = [
  { key: "starter", markup: 1.8, included: 200 },
  { key: "team", markup: 1.5, included: 250 },
  { key: "scale", markup: 1.25, included: 5000 },
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
      update public.plans set markup = ${markup}, included_sms_out = ${included}, included_numbers = 1 where key = ${key}`;
  }
  await using clock = billingClock(state, stripe);
  const ago = (days: number) => new Date(Date.now() - days * DAY);
  await clock.beginAt(ago(DENTIST.sinceDays));
  await stripe.account({ gracePeriodSeconds: INVOICE_GRACE_SECONDS });
  const dentist = await timed(log, `Demo data: ${DENTIST.name} subscribes`, () => begin(stack, DENTIST));
  await clock.passTo(ago(BAKERY.sinceDays));
  const bakery = await timed(log, `Demo data: ${BAKERY.name} subscribes`, () => begin(stack, BAKERY));

  const writers = [writer(stack, dentist), writer(stack, bakery)];
  const writeUntil = async (moment: Date) => {
    for (const write of writers) await write(moment);
  };
  await timed(log, `Demo data: the first month of ${DENTIST.name}`, async () => {
    await endPeriod(stack, clock, dentist, { writeUntil, isPaid: false });
  });
  await timed(log, `Demo data: the first month of ${BAKERY.name}`, async () => {
    await endPeriod(stack, clock, bakery, { writeUntil, isPaid: true });
  });
  await timed(log, "Demo data: the days until now", async () => {
    await writeUntil(new Date(Date.now() - 10 * 60_000));
    await clock.passTo(new Date());
    await clock.eventually("the usage until now to be rated", async () => {
      const [{ due }] = await sql<[{ due: number }]>`
        select count(*)::integer as due from private.due_work where kind = 'rating' and due_at <= now() - interval '1 minute'`;
      return due === 0;
    });
    await afterJobs(
      state,
      "the dentist's account to be suspended",
      async () => (await dentist.actor.switchboard.subaccount()).status === "suspended",
    );
    await hurry(sql, "charge-number-fees");
  });
  return { bakery, dentist };
}

/** A tenant signs up, subscribes and buys numbers, at the time of Stripe's clock. */
async function begin(
  { state, sql, twilio, stripe, signIns, operator }: DemoStack,
  business: Business,
): Promise<DemoTenant> {
  const { email, plan, numbers } = business;
  const signIn = signIns.find((user) => user.email === email);
  if (signIn === undefined) throw new Error(`Cannot sign up "${email}": it is no user of the demo data`);
  const actor = await signUpAs(state, signIn);
  const { subscriptionId } = await stripe.subscribe({
    ...{ clientReferenceId: actor.id, plan, email },
    // As create-checkout does: the subscription is the tenant's own, and not a gift.
    subscriptionMetadata: { user_id: actor.id },
  });
  const accountSid = await afterJobs(state, "the subaccount of the plan", async () => {
    const { status, subaccountSid } = await actor.switchboard.subaccount();
    return status === "active" && subaccountSid !== null && subaccountSid;
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
  return { business, actor, accountSid, subscriptionId };
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
  { sql, stripe }: DemoStack,
  clock: BillingClock,
  { actor: { id: userId, switchboard }, subscriptionId }: DemoTenant,
  { writeUntil, isPaid }: { writeUntil: (moment: Date) => Promise<void>; isPaid: boolean },
): Promise<void> {
  const { statements: [open] } = await switchboard.listStatements();
  if (open === undefined) throw new Error("Cannot end a billing period: the tenant has no statement");
  const end = new Date(open.until).getTime();
  const after = (hours: number) => new Date(end + hours * HOUR);
  await writeUntil(after(0));
  await clock.passTo(after(1));
  await clock.eventually("the usage of the period to be sent to Stripe", async () => {
    const { status, units, pendingUnits, invoices } = await switchboard.statement(open.id);
    return status === "closing" && units > 0 && pendingUnits === 0 && invoices.length > 0;
  });
  await clock.passTo(after(50));
  if (!isPaid) {
    await stripe.control(subscriptionId, "payment_fails");
    await clock.eventually("the failed payment to be known", async () => {
      const updated = await sql`
        update public.subscriptions set past_due_since = ${
        after(50)
      } where user_id = ${userId} and status = 'past_due'`;
      return updated.count === 1;
    });
  }
  await writeUntil(after(90));
  await clock.passTo(after(90));
  await clock.eventually(
    "the invoice to be final and compared",
    async () => (await switchboard.statement(open.id)).status === "closed",
  );
}
