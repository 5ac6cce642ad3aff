import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import { DEMO_PASSWORD, demoTenants } from "../database/demo-users.ts";
import { type Actor, signIn } from "../driver/actor.ts";
import { type Stack, startStack } from "../stack.ts";
import type { StackState } from "../stack-state.ts";
import { addDemoData, DemoDataError } from "./add.ts";

const DAY = 24 * 3_600_000;
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
/** For sums of amounts with five decimals. */
const units = (amount: number) => Math.round(amount * 100_000);

Deno.test("Demo data fill every list, agree with the ledger, Twilio and Stripe, and a second start adds nothing", {
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  const stack = await startStack({ ephemeral: true, scheduler: 250 });
  try {
    const lines: string[] = [];
    assert.equal(await addDemoData(stack, (line) => lines.push(line)), "added");
    assert.ok(lines.length > 5 && lines.every((line) => line.startsWith("Demo data")), lines.join("\n"));
    const [bakery, dentist] = await Promise.all(demoTenants(DEMO_PASSWORD).map((user) => signIn(stack.state, user)));
    const operator = await signIn(stack.state, stack.state.users.find(({ role }) => role === "operator")!);
    await tenantHasAll(bakery!);
    await tenantDoesNotPay(dentist!);
    for (const tenant of [bakery!, dentist!]) await usageIsBilled(tenant);
    await totalsAreTheLedger(stack.sql);
    await operatorHasWork(operator, { bakery: bakery!.id, dentist: dentist!.id });

    const before = await countsOf(stack);
    assert.equal(await addDemoData(stack, () => assert.fail("the second run does nothing")), "there");
    assert.deepEqual(await countsOf(stack), before);
  } finally {
    await stack.stop();
  }
});

async function tenantHasAll({ switchboard }: Actor): Promise<void> {
  assert.equal((await switchboard.subaccount()).status, "active");
  const { contacts } = await switchboard.contacts();
  assert.ok(contacts.some(({ tags }) => tags.length > 0) && contacts.some(({ notes }) => notes !== null));
  const { campaigns } = await switchboard.listCampaigns();
  assert.deepEqual(campaigns.map(({ status }) => status).sort(), ["completed", "paused", "scheduled"]);
  const finished = campaigns.find(({ status }) => status === "completed")!;
  assert.ok(finished.counts.delivered > 40 && finished.counts.failed >= 3);
  assert.equal(finished.counts.skipped, 1);
  const { conversations, unreadConversations } = await switchboard.listConversations();
  assert.equal(unreadConversations, 4);
  assert.ok(conversations.length > 10 && conversations.some(({ optedOut }) => optedOut));
  assert.ok((await switchboard.optOuts()).optOuts.length > 3);
  const { deliveries } = await switchboard.forwardDeliveries();
  assert.ok(deliveries.some(({ status }) => status === "delivered"));
  assert.equal(deliveries.filter(({ status }) => status === "failed").length, 2);
  const days = new Set((await switchboard.getUsage({ by: "day", ...lastDays(30) })).usage.map(({ from }) => from));
  assert.ok(days.size > 20, `usage on ${days.size} of 30 days`);
}

async function tenantDoesNotPay({ switchboard, data }: Actor): Promise<void> {
  assert.equal((await switchboard.subaccount()).status, "suspended");
  const { data: subscription } = await data.from("subscriptions").select("status, past_due_since").single();
  assert.equal(subscription?.status, "past_due");
  assert.ok(Date.now() - Date.parse(subscription.past_due_since!) > 14 * DAY, "past due for weeks");
  assert.ok((await switchboard.listConversations()).conversations.length > 5);
  const { invoices } = await switchboard.statement((await switchboard.listStatements()).statements.at(-1)!.id);
  assert.equal(invoices[0]?.status, "open");
}

/** The statement of the finished period adds up, and what the days say is what the messages and statements say. */
async function usageIsBilled({ switchboard }: Actor): Promise<void> {
  const { statements } = await switchboard.listStatements();
  assert.deepEqual(statements.map(({ status }) => status), ["open", "closed"]);
  const [open, closed] = await Promise.all(statements.map(({ id }) => switchboard.statement(id)));
  assert.deepEqual(closed!.addsUp, { ledger: true, summaries: true, invoice: true });
  assert.equal(open!.addsUp.ledger, true);
  assert.ok(closed!.units > 0 && closed!.pendingUnits === 0);
  const { totals } = await switchboard.getUsage({ by: "day", ...lastDays(90) });
  const messages = await Array.fromAsync(switchboard.everyMessage({}));
  const listed = (direction: string) => messages.filter((message) => message.direction === direction).length;
  const used = (kind: string) => totals.find((total) => total.kind === kind)?.count;
  assert.deepEqual([used("sms_out"), used("sms_in")], [listed("outbound"), listed("inbound")]);
}

const lastDays = (days: number) => ({ from: dayOf(Date.now() - days * DAY), until: dayOf(Date.now() + DAY) });

async function totalsAreTheLedger(sql: postgres.Sql): Promise<void> {
  assert.deepEqual([
    ...await sql`
      with ledger as (
        select user_id, private.utc_day(created_at) as day, kind, private.charge_unit(price_unit, price_is_foreign) as unit,
          count(*) as messages, sum(greatest(num_segments, 1)) as parts, sum(tenant_price) as amount, sum(cost) as charged
        from public.sms_messages where private.counts(status) group by 1, 2, 3, 4
        union all
        select user_id, private.utc_day(charged_at), private.usage_kind_of(kind), price_unit, sum(count), 0,
          sum(tenant_price), sum(cost)
        from private.fees group by 1, 2, 3, 4)
      select * from ledger l full join private.usage_totals t using (user_id, day, kind, unit)
      where (coalesce(l.messages, 0), coalesce(l.parts, 0), coalesce(l.amount, 0), coalesce(l.charged, 0))
        <> (coalesce(t.count, 0), coalesce(t.segments, 0), coalesce(t.price, 0), coalesce(t.cost, 0))`,
  ], []);
  const [hours] = await sql`
    select sum(messages)::integer as sent, (select count(*)::integer from public.sms_messages
      where direction = 'outbound' and private.counts(status)) as listed
    from private.sending_totals`;
  assert.equal(hours!["sent"], hours!["listed"]);
  const [clock] = await sql`select private.present() = now() as is_real`;
  assert.equal(clock!["is_real"], true);
}

async function operatorHasWork(
  { switchboard: { admin } }: Actor,
  { bakery, dentist }: { bakery: string; dentist: string },
): Promise<void> {
  const { months } = await admin.listRevenue();
  assert.ok(months.length >= 2);
  assert.ok(months.reduce((sum, { margin }) => sum + units(margin), 0) > 0, "the tenants pay more than they cost");
  const { months: byTenant } = await admin.listRevenue({ by: "tenant" });
  for (const { month, revenue } of months) {
    const sum = byTenant.filter((row) => row.month === month).reduce((sum, row) => sum + units(row.revenue), 0);
    assert.equal(sum, units(revenue));
  }
  assert.deepEqual((await admin.listLosses()).losses, []);
  const { days } = await admin.listReconciliations({});
  const differing = days.filter(({ isClosed, missingHere, missingAtTwilio, rate, unknownCategory }) =>
    isClosed && [missingHere, missingAtTwilio, rate, unknownCategory].some((amount) => amount !== 0)
  );
  assert.ok(days.length > 40, `${days.length} days are compared`);
  assert.deepEqual(differing.map(({ userId }) => userId), [bakery]);
  const { alerts } = await admin.listAlerts();
  assert.deepEqual(alerts.map(({ kind }) => kind).sort(), ["campaign_paused", "dead_letter", "reconciliation"]);
  assert.equal(alerts.filter(({ acknowledgedAt }) => acknowledgedAt !== null).length, 1);
  assert.equal((await admin.listDeadLetters()).deadLetters.length, 2);
  const { accounts } = await admin.listUnpaidAccounts();
  assert.deepEqual(accounts.map(({ userId, reason }) => [userId, reason]), [[dentist, "past_due"]]);
  const { tenants } = await admin.listTenants();
  assert.deepEqual(tenants.map(({ isUnpaid }) => isUnpaid).sort(), [false, true]);
}

async function countsOf({ sql, state }: Stack): Promise<unknown> {
  const [rows] = await sql`
    select (select count(*) from auth.users)::integer as users, (select count(*) from public.sms_messages)::integer as messages,
      (select count(*) from public.subscriptions)::integer as subscriptions, (select count(*) from private.fees)::integer as fees,
      (select count(*) from public.contacts)::integer as contacts, (select count(*) from public.campaigns)::integer as campaigns,
      (select count(*) from public.user_twilio_numbers)::integer as numbers`;
  const { subscriptions } = await (await fetch(`${state.stripe.url}/_sim/subscriptions`)).json();
  return { ...rows, atStripe: subscriptions.length };
}

/** A stack of which only the answer to one question is needed. */
function stackWith(change: Partial<StackState>, subscriptions: number): { state: StackState; sql: postgres.Sql } {
  const simulated = { twilio: { simulated: true }, stripe: { simulated: true } };
  return {
    state: { ...simulated, ...change } as StackState,
    sql: (() => Promise.resolve([{ subscriptions }])) as unknown as postgres.Sql,
  };
}

Deno.test("Demo data are refused with a real account, beside subscriptions, and after an interrupted start", async () => {
  const dataDir = await Deno.makeTempDir();
  const refused = (change: Partial<StackState>, subscriptions: number, message: RegExp) =>
    assert.rejects(addDemoData(stackWith({ dataDir, ...change }, subscriptions), () => {}), (error) => {
      assert.ok(error instanceof DemoDataError);
      assert.match(error.message, message);
      return true;
    });
  try {
    const real = { twilio: { simulated: false } as StackState["twilio"] };
    await refused(real, 0, /^Cannot add demo data: this stack uses a real account; unset TWILIO_ACCOUNT_SID/);
    await refused(
      {},
      1,
      /^Cannot add demo data to ".*": it has subscriptions already; set another folder with --data DIR$/,
    );
    await Deno.writeTextFile(join(dataDir, "demo-data.json"), JSON.stringify({ begunAt: "", finishedAt: null }));
    await refused({}, 0, /^Cannot add demo data to ".*": an earlier start was interrupted .*; remove that folder$/);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
