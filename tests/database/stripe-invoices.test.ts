import assert from "node:assert/strict";
import { applyStripeEvent } from "../../supabase/functions/_shared/billing/apply-event.ts";
import { readInvoice } from "../../supabase/functions/_shared/billing/read-invoice.ts";
import type { Db } from "../../supabase/functions/_shared/platform/database.ts";
import { connect, databaseOf, readSignatures } from "../faults/harness/database.ts";
import type { FunctionsProcess } from "../faults/harness/process.ts";
import { type BillingFixture, FEBRUARY, HOUR, JANUARY, startBilling } from "../support/stripe/billing-fixture.ts";
import { startTestDatabase } from "../support/test-database.ts";

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

/** A database that knows the customer of a simulator, and its subscription with the period of January. */
async function startReading(s: BillingFixture, subscriptionId: string) {
  const database = await startTestDatabase();
  const admin = connect(database.url, "postgres", 1);
  const signatures = await readSignatures(admin);
  const user = crypto.randomUUID();
  await admin`insert into auth.users (id, email) values (${user}, 'ada@example.com')`;
  await admin`insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status)
    values (${subscriptionId}, ${user}, ${s.customer}, 'team', 'active')`;
  await admin`
    insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
    values (${subscriptionId}, ${iso(JANUARY)}, ${iso(FEBRUARY)}, ${user}, ${s.customer}, 'eur')
    on conflict do nothing`;
  const process = { call: ({ send }: { send: () => Promise<unknown> }) => send() } as unknown as FunctionsProcess;
  const db: Db = databaseOf(admin, signatures, process);
  return {
    admin,
    db,
    user,
    /** Stores an event of the simulator as the webhook does, and processes it. */
    async apply(type: string) {
      const [event] = (await s.stripe.events.list({ type, limit: 1 })).data;
      await admin`select public.record_stripe_event(${event!.id}, ${type}, ${iso(event!.created)},
        ${admin.json(JSON.parse(JSON.stringify(event)))})`;
      await applyStripeEvent(event!.id, { db, stripe: s.stripe });
      const [stored] = await admin`select result, ignored_because from public.webhook_events where event_id = ${
        event!.id
      }`;
      return { event: event!, result: stored!.result as string };
    },
    invoice: async (id: string) => (await admin`select * from private.stripe_invoices where id = ${id}`)[0],
    alerts: async (kind: string) =>
      (await admin`select subject, details from public.operator_alerts where kind = ${kind} and settled_at is null`)
        .map(({ subject }) => subject),
    async [Symbol.asyncDispose]() {
      await admin.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

Deno.test("an invoice event is followed by a read of the invoice: its usage, its period, its grace period, and later its payments", async () => {
  await using s = await startBilling();
  // The first invoice of a subscription in classic mode lists the usage of the period that begins, at zero.
  const { id } = await s.subscribe({ billing_mode: { type: "classic" } });
  await using reading = await startReading(s, id);
  const read = (invoiceId: string) => readInvoice(invoiceId, { db: reading.db, stripe: s.stripe });
  const [first] = await s.invoices();
  assert.equal(await read(first!.id), "recorded");
  assert.equal((await reading.invoice(first!.id))!.period_start, null, "the first invoice bills no usage");
  const linked = await reading.admin`select 1 from private.billing_periods where invoice_id is not null`;
  assert.equal(linked.length, 0);

  await s.use(1200, JANUARY + 60);
  await s.at(JANUARY + 86_400);
  await s.use(34, JANUARY + 86_460);
  for (let line = 0; line < 12; line++) {
    await s.stripe.invoiceItems.create({ customer: s.customer, amount: 1, currency: "eur" });
  }
  await s.at(FEBRUARY + 60);
  const { event, result } = await reading.apply("invoice.created");
  const draft = event.data.object as { id: string };
  assert.equal(result, "recorded");
  const jobs = await reading.admin`select message from pgmq.q_jobs_billing where message ->> 'kind' = 'read-invoice'`;
  assert.deepEqual(jobs.map(({ message }) => message.invoiceId), [draft.id]);
  assert.ok((await s.stripe.invoices.retrieve(draft.id)).lines.has_more, "its lines have more than a page");
  assert.equal(await read(draft.id), "recorded");
  const stored = (await reading.invoice(draft.id))!;
  assert.deepEqual(stored.metered, [{
    kind: "sms_out",
    quantity: "1234",
    amount: 12,
    periodStart: iso(JANUARY),
    periodEnd: iso(FEBRUARY),
  }]);
  assert.deepEqual(
    [stored.user_id, stored.subscription_id, stored.status, stored.period_start, stored.period_end],
    [reading.user, id, "draft", iso(JANUARY), iso(FEBRUARY)],
  );
  assert.equal(stored.finalises_at, iso(FEBRUARY + HOUR));
  const [period] = await reading.admin`select invoice_id from private.billing_periods where starts_at = ${
    iso(JANUARY)
  }`;
  assert.equal(period!.invoice_id, draft.id);
  assert.deepEqual(await reading.alerts("invoice_grace"), [id], "an hour of grace is too short");

  await s.at(FEBRUARY + 2 * HOUR);
  assert.equal(await read(draft.id), "recorded");
  const final = (await reading.invoice(draft.id))!;
  assert.deepEqual([final.status, final.finalises_at, final.amount_remaining], ["paid", null, 0]);
  assert.equal(final.finalised_at, iso(FEBRUARY + HOUR));

  await s.stripe.creditNotes.create({ invoice: draft.id, amount: 12, out_of_band_amount: 12 });
  assert.equal((await reading.apply("credit_note.created")).result, "requested");
  await read(draft.id);
  assert.equal((await reading.invoice(draft.id))!.credited, 12);

  const [charge] = (await s.stripe.charges.list({ customer: s.customer, limit: 1 })).data;
  await s.stripe.refunds.create({ charge: charge!.id, amount: 5 });
  assert.equal((await reading.apply("charge.refunded")).result, "recorded");
  assert.deepEqual(await reading.alerts("payment_moved"), [charge!.id]);
  assert.equal(await read("in_unknown"), null);
});
