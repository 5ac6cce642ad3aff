import assert from "node:assert/strict";
import postgres from "postgres";
import { type Actor, signUp } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { stripeSide } from "../../local/driver/stripe-side.ts";
import { twilioSide } from "../../local/driver/twilio-side.ts";
import { stackUnderTest } from "../support/stack.ts";

const stack = stackUnderTest();

/** Signs up an operator: the service writes the role, then the user signs in again to get it into the token. */
async function signUpOperator(): Promise<Actor> {
  const operator = await signUp(stack.state, "operator");
  const sql = postgres(stack.state.dbUrl, { max: 1 });
  await sql`update auth.users set raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || '{"role": "operator"}' where id = ${operator.id}`;
  await sql.end();
  const { data, error } = await operator.data.auth.refreshSession();
  assert.equal(error, null);
  const authorization = `Bearer ${data.session?.access_token}`;
  return {
    ...operator,
    call: (path, options) => operator.call(path, { ...options, headers: { ...options?.headers, authorization } }),
  };
}

async function statusAtTwilio(sid: string): Promise<string> {
  return (await twilioSide(stack.state).get(`/Accounts/${sid}.json`)).status;
}

async function provisioned(name: string): Promise<{ tenant: Actor; sid: string }> {
  const tenant = await signUp(stack.state, name);
  const { subaccountSid: sid } = await tenant.switchboard.provisionSubaccount();
  assert.ok(sid !== null);
  return { tenant, sid };
}

const shownStatus = async (tenant: Actor) => (await tenant.switchboard.subaccount()).status;

Deno.test("a tenant does not become an operator by writing their own metadata", async () => {
  const tenant = await signUp(stack.state, "pretender");
  await tenant.data.auth.updateUser({ data: { role: "operator" } });
  const { data } = await tenant.data.auth.refreshSession();
  const headers = { authorization: `Bearer ${data.session?.access_token}` };
  const answer = await tenant.call("admin/tenants", { headers });
  assert.deepEqual([answer.status, answer.body.code], [403, "forbidden"]);
});

Deno.test("an operator suspends a tenant at Twilio and resumes them, and the tenant cannot send in between", async () => {
  const [operator, { tenant, sid }] = await Promise.all([signUpOperator(), provisioned("held")]);
  await operator.switchboard.admin.suspend({ userId: tenant.id, reason: "spam" });
  await eventually("the suspension to be stored", async () => await shownStatus(tenant) === "suspended");
  assert.equal(await statusAtTwilio(sid), "suspended");
  const refused = await tenant.call("send-sms", { body: { to: "+14155550100", body: "hi" } });
  assert.deepEqual([refused.status, refused.body.code], [403, "subaccount_suspended"]);
  const again = await tenant.call("provision-subaccount", { method: "POST" });
  assert.deepEqual([again.status, again.body.code], [403, "subaccount_suspended"]);

  await operator.switchboard.admin.resume({ userId: tenant.id, reason: "settled" });
  await eventually("the resumption to be stored", async () => await shownStatus(tenant) === "active");
  assert.equal(await statusAtTwilio(sid), "active");
});

Deno.test("a suspension made in Twilio's console is shown, left in place, and lifted by an operator's resume", async () => {
  const [operator, { tenant, sid }] = await Promise.all([signUpOperator(), provisioned("by-hand")]);
  await twilioSide(stack.state).post(`/Accounts/${sid}.json`, { Status: "suspended" });
  await operator.switchboard.admin.sweep({ reason: "a test" });
  await eventually("the sweep to record it", async () => await shownStatus(tenant) === "suspended");
  const listed = await eventually("the tenant to be listed", async () => {
    for await (const one of operator.switchboard.admin.everyTenant()) if (one.userId === tenant.id) return one;
  });
  assert.deepEqual([listed.wanted, listed.status, listed.suspendedAtTwilio], ["active", "suspended", true]);
  assert.equal(await statusAtTwilio(sid), "suspended");

  await operator.switchboard.admin.resume({ userId: tenant.id, reason: "it was a mistake" });
  await eventually("the resumption", async () => await statusAtTwilio(sid) === "active");
});

Deno.test("close requires the account's SID typed back, and is final", async () => {
  const [operator, { tenant, sid }] = await Promise.all([signUpOperator(), provisioned("leaving")]);
  const unconfirmed = await operator.call("admin/close", { body: { userId: tenant.id, reason: "fraud" } });
  assert.deepEqual([unconfirmed.status, unconfirmed.body.details[0].field], [400, "confirmSubaccountSid"]);
  await operator.switchboard.admin.close({ userId: tenant.id, reason: "fraud", confirmSubaccountSid: sid });
  await eventually("the account to be closed", async () => await statusAtTwilio(sid) === "closed");
  await eventually("the closing to be stored", async () => await shownStatus(tenant) === "closed");
  assert.equal((await tenant.call("provision-subaccount", { method: "POST" })).status, 403);
});

Deno.test("an operator's actions are in the audit log, with the operator, the tenant and the request id", async () => {
  const [operator, { tenant }] = await Promise.all([signUpOperator(), provisioned("audited")]);
  const { headers } = await operator.call("admin/suspend", { body: { userId: tenant.id, reason: "spam" } });
  const sql = postgres(stack.state.dbUrl, { max: 1 });
  const [line] =
    await sql`select actor, user_id, request_id, details from public.audit_log where user_id = ${tenant.id} and action = 'tenant.suspended'`;
  await sql.end();
  assert.deepEqual({ ...line }, {
    actor: `operator:${operator.id}`,
    user_id: tenant.id,
    request_id: headers.get("x-request-id"),
    details: { reason: "spam" },
  });
});

Deno.test("a dead letter is listed with its error, and an operator replays it", async () => {
  const operator = await signUpOperator();
  const sql = postgres(stack.state.dbUrl, { max: 1 });
  const eventId = `evt_never_recorded_${crypto.randomUUID()}`;
  // This is its last attempt. The event it names is not in the ledger, so the job fails and becomes a dead letter.
  await sql`with job as (select private.enqueue(jsonb_build_object('kind', 'stripe-event', 'eventId', ${eventId}::text), 0) as id)
    update pgmq.q_jobs_control set read_ct = 13 where msg_id = (select id from job)`;
  await sql`update pgmq.q_jobs_control set read_ct = 13 where message ->> 'eventId' = ${eventId}`;
  const letter = await eventually("the dead letter", async () => {
    const { deadLetters } = await operator.switchboard.admin.listDeadLetters({ limit: 200 });
    return deadLetters.find(({ job }) => job["eventId"] === eventId);
  });
  assert.match(letter.error, /not in the ledger/);
  assert.equal(letter.lane, "control");
  const { alerts } = await operator.switchboard.admin.listAlerts();
  const alert = alerts.find(({ kind, subject }) => kind === "dead_letter" && subject === "control");
  assert.ok(alert);
  const settled = await operator.switchboard.admin.settleAlert({ alertId: alert.id, reason: "looked at" });
  assert.deepEqual(settled, { alertId: alert.id, settled: true });
  const { alerts: all } = await operator.switchboard.admin.listAlerts({ state: "all" });
  assert.ok(all.some(({ id, settledAt }) => id === alert.id && settledAt !== null));
  const { replayed } = await operator.switchboard.admin.replay({ deadLetter: letter.id, reason: "fixed" });
  assert.equal(replayed, 1);
  const gone = await operator.call("admin/replay", { body: { deadLetter: letter.id, reason: "fixed" } });
  assert.deepEqual([gone.status, gone.body.code], [404, "not_found"]);
  await sql`delete from pgmq.q_jobs_control where message ->> 'eventId' = ${eventId}`;
  await sql.end();
});

Deno.test("a deleted user's subscription raises an alert, and an operator cancels it at Stripe, which settles the alert", async () => {
  const [operator, leaver] = await Promise.all([signUpOperator(), signUp(stack.state, "leaver")]);
  const sql = postgres(stack.state.dbUrl, { max: 1 });
  const { subscriptionId } = await stripeSide(stack.state).subscribe({ clientReferenceId: leaver.id, plan: "team" });
  const stored = async () =>
    (await sql`select status, cancel_at from public.subscriptions where id = ${subscriptionId} and user_id = ${leaver.id}`)[
      0
    ];
  await eventually("the subscription to be stored", async () => (await stored())?.["status"] === "active");
  await sql`delete from auth.users where id = ${leaver.id}`;
  const { alerts } = await operator.switchboard.admin.listAlerts();
  const alert = alerts.find(({ subject }) => subject === subscriptionId);
  assert.deepEqual([alert?.kind, alert?.userId, alert?.details["cause"]], [
    "subscription_without_tenant",
    leaver.id,
    "user_deleted",
  ]);

  const cancel = (atPeriodEnd: boolean) =>
    operator.switchboard.admin.cancelSubscription({ subscriptionId, atPeriodEnd, reason: "the user is deleted" });
  assert.deepEqual(await cancel(true), { subscriptionId, isOver: false });
  await eventually("the end to be announced", async () => (await stored())?.["cancel_at"] !== null);
  assert.equal((await stored())?.["status"], "active");
  assert.deepEqual(await cancel(false), { subscriptionId, isOver: false });
  await eventually("the subscription to be over", async () => (await stored())?.["status"] === "canceled");
  assert.deepEqual(await cancel(false), { subscriptionId, isOver: true });
  const { alerts: all } = await operator.switchboard.admin.listAlerts({ state: "all" });
  assert.ok(all.find(({ id }) => id === alert?.id)?.settledAt);
  const unknown = await operator.call("admin/cancel-subscription", { body: { subscriptionId: "sub_1", reason: "x" } });
  assert.deepEqual([unknown.status, unknown.body.code], [404, "not_found"]);
  await sql.end();
});

Deno.test("an unknown action, an unknown user and an invalid body have different error codes", async () => {
  const operator = await signUpOperator();
  const stranger = crypto.randomUUID();
  const answers = await Promise.all([
    operator.call("admin/explode", { method: "POST" }),
    operator.call("admin/suspend", { body: { userId: stranger, reason: "x" } }),
    operator.call("admin/suspend", { body: { userId: "not-a-uuid", reason: "x", extra: 1 } }),
  ]);
  assert.deepEqual(answers.map(({ status, body }) => [status, body.code]), [[404, "not_found"], [404, "not_found"], [
    400,
    "invalid_input",
  ]]);
  assert.deepEqual(answers[2]?.body.details.map(({ field }: { field: string }) => field).sort(), ["extra", "userId"]);
});

Deno.test("an operator sees what the account of a suspended tenant costs, with the listed price of a number that was not bought", async () => {
  const [operator, { tenant, sid }] = await Promise.all([signUpOperator(), provisioned("costly")]);
  const sql = postgres(stack.state.dbUrl, { max: 1 });
  const phoneNumber = "+16285559371";
  await sql`select private.take_in_number(${tenant.id}, ${sid},
    ${sql.json({ phoneNumber, phoneSid: "PN-costly", friendlyName: phoneNumber, capabilities: { sms: true } })})`;
  await operator.switchboard.admin.suspend({ userId: tenant.id, reason: "spam" });
  const account = await eventually("the price to be read", async () => {
    const { accounts } = await operator.switchboard.admin.listUnpaidAccounts();
    return accounts.find(({ userId, costs }) => userId === tenant.id && costs[0]?.unpriced === 0);
  });
  assert.deepEqual([account.reason, account.subaccountSid], ["operator_hold", sid]);
  assert.deepEqual(account.costs.map(({ currency, monthlyCost }) => [currency, monthlyCost]), [["USD", "1.15"]]);
  assert.deepEqual(account.numbers.map((number) => [number.phoneNumber, number.place]), [[phoneNumber, "tenant"]]);
  await sql`select private.enqueue('{"kind": "count-unpaid-accounts"}')`;
  await sql.end();
  const { totals } = await eventually("the total to be counted", async () => {
    const total = await operator.switchboard.admin.unpaidTotal();
    return total.countedAt !== null && total.totals.length > 0 && total;
  });
  assert.ok(totals.some(({ currency, monthlyCost }) => currency === "USD" && Number(monthlyCost) >= 1.15));
});

Deno.test("operators see what a tenant's usage earns, what is not billed yet, and the next invoice beside Stripe's preview", async () => {
  const [operator, tenant] = await Promise.all([signUpOperator(), signUp(stack.state, "earner")]);
  const sql = postgres(stack.state.dbUrl, { max: 1 });
  const { admin } = operator.switchboard;
  const refused = await operator.call(`admin/next-invoice?userId=${tenant.id}`);
  assert.deepEqual([refused.status, refused.body.code], [404, "subscription_not_found"]);

  const { subscriptionId, customerId } = await stripeSide(stack.state).subscribe({
    clientReferenceId: null,
    plan: "team",
    email: tenant.email,
    subscriptionMetadata: { user_id: tenant.id },
  });
  const metered = async () =>
    (await sql`select since from private.metered_items where subscription_id = ${subscriptionId} and kind = 'number'`)[
      0
    ];
  await eventually("the subscription to be stored", async () => {
    const [row] = await sql`select from public.subscriptions where id = ${subscriptionId}`;
    return row !== undefined;
  });
  await sql`select private.enqueue(${sql.json({ kind: "keep-metered-items", subscriptionId })})`;
  await eventually("the metered items", metered);

  // A number for USD 1 at twice its cost: 20,000 units, in the currency of the plan or at a rate of 1.
  await sql`insert into private.exchange_rates (unit, currency, valid_from, rate, reason, set_by)
    select 'USD', b.currency, '2020-01-01', 1, 'a test', ${operator.id} from private.billing_periods b
    where b.subscription_id = ${subscriptionId} and b.currency <> 'usd' on conflict do nothing`;
  await sql`insert into private.fees (user_id, key, kind, number_id, cost, markup, plan_key, price_unit, charged_at)
    values (${tenant.id}, 'a test', 'number', gen_random_uuid(), 1, 2, 'team', 'USD', private.present())`;
  const number = async () => (await admin.nextInvoice(tenant.id)).kinds.find(({ kind }) => kind === "number");
  assert.deepEqual(await number(), {
    kind: "number",
    acceptedUnits: 0,
    unsentUnits: 0,
    estimatedAmount: 2,
    withoutRate: 0,
    leastUnits: 0,
    mostUnits: 0,
    missingUnits: 0,
    stripeUnits: 0,
    difference: "none",
  });
  await sql`select private.rate_usage(${tenant.id})`;
  const { usage: [unbilled] } = await admin.listUnbilled({ userId: tenant.id, state: "pending" });
  assert.deepEqual([unbilled?.kind, unbilled?.units, unbilled?.amount], ["number", 20_000, 2]);

  await sql`select private.enqueue(${sql.json({ kind: "meter-usage", customerId })})`;
  await eventually("Stripe to count the usage", async () => (await number())?.stripeUnits === 20_000);
  const invoice = await admin.nextInvoice(tenant.id);
  assert.deepEqual([invoice.subscriptionId, invoice.kinds[0]?.acceptedUnits, invoice.kinds[0]?.difference], [
    subscriptionId,
    20_000,
    "none",
  ]);

  const { months: [month] } = await admin.listRevenue({ by: "tenant", userId: tenant.id });
  assert.deepEqual([month?.revenue, month?.billed, month?.cost, month?.margin], [2, 2, 1, 1]);
  const leastMargin = { by: "tenant", userId: tenant.id, order: "margin", currency: "usd", limit: 1 } as const;
  const ordered = await admin.listRevenue(leastMargin);
  assert.deepEqual(ordered.months, [month]);
  assert.deepEqual(await admin.listRevenue({ ...leastMargin, cursor: ordered.next! }), { months: [], next: null });
  assert.deepEqual(await admin.tenantEmails([tenant.id, crypto.randomUUID()]), new Map([[tenant.id, tenant.email]]));
  const plan = (await admin.plans()).plans.find(({ key }) => key === "team");
  assert.deepEqual([plan?.wasSold, plan?.supersededAt, plan?.limits.maxNumbers, plan?.markup], [true, null, 5, 1]);
  assert.deepEqual((await admin.listLosses({ by: "tenant", userId: tenant.id })).losses, []);
  assert.deepEqual((await admin.listRejected({ userId: tenant.id })).rows, []);
  const file = await operator.call(`admin/revenue?by=tenant&userId=${tenant.id}&format=csv`);
  assert.match(String(file.body), new RegExp(`${month?.month},${tenant.id},${month?.currency},2,2,0,0,1,1`));
  const refusedRange = await operator.call("admin/revenue?from=2026-11&until=2026-11");
  assert.deepEqual([refusedRange.status, refusedRange.body.details[0].field], [400, "until"]);
  const { billing } = await admin.tenant(tenant.id);
  assert.deepEqual([billing.payer?.subscriptionId, billing.unsent, billing.statements[0]?.units], [
    subscriptionId,
    [],
    20_000,
  ]);
  await sql.end();
});
