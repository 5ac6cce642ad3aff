import assert from "node:assert/strict";
import type postgres from "postgres";
import type Stripe from "stripe";
import { startStripeSimulator, type StripeSimulator } from "../../local/simulators/stripe/mod.ts";
import { applyStripeEvent } from "../../supabase/functions/_shared/billing/apply-event.ts";
import { carryOutCancellation } from "../../supabase/functions/_shared/billing/cancel.ts";
import { settleFinalBill } from "../../supabase/functions/_shared/billing/final-bill.ts";
import { flushUsage } from "../../supabase/functions/_shared/billing/flush.ts";
import { decimalsOf } from "../../supabase/functions/_shared/billing/meters.ts";
import { readInvoice } from "../../supabase/functions/_shared/billing/read-invoice.ts";
import { type Db, decide } from "../../supabase/functions/_shared/platform/database.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { connect, databaseOf, readSignatures, type Signatures } from "../faults/harness/database.ts";
import type { FunctionsProcess } from "../faults/harness/process.ts";
import { startTestDatabase } from "../support/test-database.ts";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
const KINDS = ["sms_out", "fee"] as const;
type Kind = typeof KINDS[number];

class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";
}

/** Where a process of the functions ends: at this call to the outside, before or after its effect. */
interface Death {
  at: number;
  how: "before" | "after";
}

interface Subscriber {
  paysLater?: boolean;
  /** Where Stripe keeps the card. Checkout leaves it with the subscription. */
  card?: "customer" | "subscription";
  /** One who comes back. */
  customer?: Tenant;
}

/** Postgres and Stripe under one clock. */
class World implements AsyncDisposable {
  now = Math.floor(Date.parse("2027-02-01T12:00:00Z") / 1000);
  /** Whether the last process has ended early. */
  ended = false;
  private price: Record<string, string> = {};
  private turn = 0;

  private constructor(
    private readonly simulator: StripeSimulator,
    readonly admin: postgres.Sql,
    private readonly service: postgres.Sql,
    private readonly signatures: Signatures,
    private readonly stop: () => Promise<void>,
  ) {}

  static async start(): Promise<World> {
    const database = await startTestDatabase();
    const admin = connect(database.url, "postgres", 1);
    const service = connect(database.url, "service_role", 2);
    await admin.unsafe(`
      create table private.test_clock as select now() as at;
      grant select on private.test_clock to service_role;
      create or replace function private.present() returns timestamptz language plpgsql stable set search_path = '' as
        $$ begin return (select c.at from private.test_clock c); end; $$;`);
    let world: World | undefined = undefined;
    const simulator = await startStripeSimulator({ now: () => (world?.now ?? 0) * 1000 });
    world = new World(simulator, admin, service, await readSignatures(admin), async () => {
      await simulator.stop();
      await admin.end();
      await service.end();
      await database[Symbol.asyncDispose]();
    });
    await world.pass(0);
    await world.setUp();
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get stripe(): Stripe {
    return this.stripeOf(null);
  }

  /** The dependencies of a process that ends at a call, if one is given. */
  process(death: Death | null = null) {
    let calls = 0;
    this.ended = false;
    const meet = async <Answer>(send: () => Promise<Answer>): Promise<Answer> => {
      const at = calls++;
      if (death !== null && (at > death.at || (at === death.at && death.how === "before"))) return this.end();
      const answer = await send();
      return death !== null && at === death.at ? this.end() : answer;
    };
    const stripe = this.stripeOf(meet);
    const process = { call: ({ send }: { send: () => Promise<unknown> }) => meet(send) };
    const db: Db = databaseOf(this.service, this.signatures, process as unknown as FunctionsProcess);
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    return { db, stripe, log, sleep: () => Promise.resolve() };
  }

  private stripeOf(meet: (<Answer>(send: () => Promise<Answer>) => Promise<Answer>) | null): Stripe {
    const { url: apiBaseUrl, secretKey, fetch } = this.simulator;
    const through = (input: URL | RequestInfo, init?: RequestInit) =>
      meet === null ? fetch(input, init) : meet(() => fetch(input, init));
    return createStripe({ apiBaseUrl, secretKey, retries: 0, fetch: through as typeof globalThis.fetch });
  }

  private end(): never {
    this.ended = true;
    throw new ProcessEnded();
  }

  async control(path: string, body: unknown): Promise<unknown> {
    const request = { method: "POST", body: JSON.stringify(body) };
    return await (await this.simulator.fetch(this.simulator.url + path, request)).json();
  }

  async pass(seconds: number): Promise<void> {
    this.now += seconds;
    await this.admin`update private.test_clock set at = to_timestamp(${this.now})`;
    await this.control("/_sim/clock", { advanceSeconds: 0 });
  }

  private async setUp(): Promise<void> {
    const { stripe } = this;
    const product = await stripe.products.create({ name: "Usage" });
    const { default: Sdk } = await import("stripe");
    for (const kind of KINDS) {
      const meter = await stripe.billing.meters.create({
        ...{ display_name: kind, event_name: `switchboard_${kind}`, default_aggregation: { formula: "sum" } },
      });
      await this.admin`insert into private.meters (kind, meter_id) values (${kind}, ${meter.id})`;
      const price = await stripe.prices.create({
        ...{ product: product.id, currency: "usd", lookup_key: `switchboard_${kind}_usd`, tax_behavior: "exclusive" },
        unit_amount_decimal: Sdk.Decimal.from("0.01"),
        recurring: { interval: "month", usage_type: "metered", meter: meter.id },
      });
      this.price[kind] = price.id;
    }
    const { data: [flat] } = await stripe.prices.list({ lookup_keys: ["team"], limit: 1 });
    this.price["flat"] = flat!.id;
  }

  /** A tenant with a subscription of their own, an hour old. */
  async subscriber({ paysLater = false, card = "customer", customer: known }: Subscriber = {}): Promise<Tenant> {
    const userId = known?.userId ?? crypto.randomUUID();
    await this.admin`insert into auth.users (id, email, email_confirmed_at)
      values (${userId}, ${`t${this.turn++}@final.test`}, now()) on conflict do nothing`;
    const customer = known ? { id: known.customerId } : await this.stripe.customers.create({
      ...{ metadata: { user_id: userId }, email: `${userId}@final.test` },
      ...(card === "customer" && { invoice_settings: { default_payment_method: "pm_card_visa" } }),
    });
    const { id } = await this.stripe.subscriptions.create({
      customer: customer.id,
      metadata: { user_id: userId },
      items: [{ price: this.price["flat"]! }, ...KINDS.map((kind) => ({ price: this.price[kind]! }))],
      ...(card === "subscription" && { default_payment_method: "pm_card_visa" }),
      ...(paysLater && { collection_method: "send_invoice", days_until_due: 30 }),
    });
    if (paysLater) {
      await this.pass(2 * HOUR);
      for (const invoice of (await this.stripe.invoices.list({ subscription: id })).data) {
        if (invoice.status === "draft") await this.stripe.invoices.finalizeInvoice(invoice.id);
        await this.stripe.invoices.pay(invoice.id, { paid_out_of_band: true });
      }
    }
    const tenant = new Tenant(this, userId, customer.id, id);
    await tenant.read();
    await this.pass(HOUR);
    return tenant;
  }
}

class Tenant {
  constructor(
    private readonly world: World,
    readonly userId: string,
    readonly customerId: string,
    readonly subscriptionId: string,
  ) {}

  /** Processes an event about the subscription, and reads its invoices. */
  async read(): Promise<void> {
    const { db, stripe } = this.world.process();
    const id = `evt_${crypto.randomUUID()}`;
    await decide(db, "record_stripe_event", {
      p_event_id: id,
      p_type: "customer.subscription.updated",
      p_occurred_at: new Date(this.world.now * 1000).toISOString(),
      p_payload: { data: { object: { id: this.subscriptionId, customer: this.customerId } } },
    });
    await applyStripeEvent(id, { db, stripe });
    for (const invoice of (await stripe.invoices.list({ subscription: this.subscriptionId })).data) {
      await readInvoice(invoice.id, { db, stripe });
    }
  }

  /** Writes a row as the rating does. */
  async use(kind: Kind, units: number): Promise<void> {
    const { admin } = this.world;
    await admin`
      insert into private.billing_customers (stripe_customer_id, user_id) values (${this.customerId}, ${this.userId})
      on conflict do nothing`;
    await admin`
      insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start,
        period_end, currency, count, units, amount)
      select ${this.userId}, ${kind}, (p.starts_at at time zone 'UTC')::date, 'USD', p.subscription_id,
        p.stripe_customer_id, p.starts_at, p.ends_at, p.currency, 1, ${units}, ${units / 10_000}
      from private.billing_periods p where p.subscription_id = ${this.subscriptionId}
      order by p.starts_at desc limit 1`;
  }

  /** Lets the billing period end and reads the next one. Its invoice is a draft then. */
  async renew(): Promise<void> {
    const [period] = await this.world.admin<{ end: number }[]>`
      select extract(epoch from max(ends_at))::float8 as end from private.billing_periods
      where subscription_id = ${this.subscriptionId}`;
    await this.world.pass(period!.end + MINUTE - this.world.now);
    await this.read();
  }

  async ask(ends: "now" | "period_end"): Promise<void> {
    await this.world.admin`
      select from public.request_cancellation(${this.subscriptionId}, ${this.userId}, null, ${ends}, false, 'r', null)`;
  }

  async cancel(death: Death | null = null): Promise<number | null> {
    const { stripe, ...rest } = this.world.process(death);
    return await carryOutCancellation(this.subscriptionId, { ...rest, stripe: () => Promise.resolve(stripe) });
  }

  /** Sends usage, and cancels when it is counted. */
  async cancelNow(): Promise<void> {
    await this.ask("now");
    const seconds = await this.cancel();
    if (seconds !== null) {
      await this.world.pass(seconds);
      assert.equal(await this.cancel(), null);
    }
    await this.read();
  }

  /** Rates and sends what is left. */
  async flush(): Promise<void> {
    const { stripe, ...rest } = this.world.process();
    await flushUsage(this.customerId, { ...rest, stripe: () => Promise.resolve(stripe) });
  }

  async settle(death: Death | null = null): Promise<void> {
    await settleFinalBill(this.subscriptionId, this.world.process(death));
  }

  /** Runs the final bill as its schedule does until a day, and returns how often. */
  async settleUntil(seconds: number): Promise<void> {
    const until = this.world.now + seconds;
    while (true) {
      const [bill] = await this.world.admin<{ due: number | null }[]>`
        select extract(epoch from due_at)::float8 as due from private.final_bills
        where subscription_id = ${this.subscriptionId}`;
      const due = bill?.due ?? Infinity;
      if (due > until) break;
      await this.world.pass(Math.max(0, Math.ceil(due) - this.world.now));
      await this.world.admin`select public.close_due_periods(100)`;
      await this.settle();
    }
    await this.world.pass(until - this.world.now);
  }

  /** Units by state and reason of a loss. */
  async states(): Promise<Record<string, number>> {
    const rows = await this.world.admin<{ state: string; units: number }[]>`
      select concat_ws(' ', state, loss_reason) as state, sum(units)::float8 as units from private.billing_rows
      where stripe_customer_id = ${this.customerId} group by 1 order by 1`;
    return Object.fromEntries(rows.map(({ state, units }) => [state, units]));
  }

  /** Units on Stripe's final invoices: lines of meters, and items of own invoices. */
  async invoiced(): Promise<{ metered: number; own: number; drafts: number; notes: number }> {
    const { stripe } = this.world;
    const total = { metered: 0, own: 0, drafts: 0, notes: 0 };
    for (const invoice of (await stripe.invoices.list({ customer: this.customerId, limit: 100 })).data) {
      total.notes += invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount;
      if (invoice.status === "draft") total.drafts++;
      else {
        for (const line of (await stripe.invoices.listLineItems(invoice.id, { limit: 100 })).data) {
          const quantity = line.quantity ?? 0;
          if (line.parent?.type === "invoice_item_details") total.own += line.amount < 0 ? -quantity : quantity;
          else if (line.pricing?.price_details?.price !== undefined && this.isMetered(line)) total.metered += quantity;
        }
      }
    }
    return total;
  }

  private isMetered({ pricing }: Stripe.InvoiceLineItem): boolean {
    return !["team", "flat"].includes(String(pricing?.price_details?.price)) && pricing?.unit_amount_decimal !== null &&
      Number(pricing?.unit_amount_decimal) < 1;
  }

  async charges() {
    return await this.world.admin<{ units: number; billed: number; rounding: number }[]>`
      select units::float8, billed::float8, rounding::float8 from private.final_charges
      where stripe_customer_id = ${this.customerId} order by began_at`;
  }
}

Deno.test("final bills", async (t) => {
  await using world = await World.start();

  await t.step(
    "a subscription that is canceled now is billed by its last invoice, whose draft is finalised",
    async () => {
      const tenant = await world.subscriber();
      await tenant.use("sms_out", 12_345);
      await tenant.cancelNow();
      await tenant.settle();
      assert.deepEqual(await tenant.states(), { accepted: 12_345 });
      assert.deepEqual(await tenant.invoiced(), { metered: 12_345, own: 0, drafts: 0, notes: 0 });
      await tenant.settleUntil(40 * DAY);
      assert.deepEqual(await tenant.states(), { accepted: 12_345 });
    },
  );

  await t.step(
    "usage that a cancellation in the dashboard did not invoice is billed by an invoice of its own",
    async () => {
      const tenant = await world.subscriber();
      await tenant.use("sms_out", 12_345);
      await tenant.use("fee", 20_000);
      await tenant.ask("now");
      // Sent, and still within the time in which it waits to be counted.
      assert.equal(await tenant.cancel(), 5 * MINUTE);
      await world.stripe.subscriptions.cancel(tenant.subscriptionId);
      await tenant.read();
      await tenant.settleUntil(6 * HOUR);
      assert.deepEqual(await tenant.states(), { accepted: 32_345, invoiced: 32_345 });
      assert.deepEqual(await tenant.invoiced(), { metered: 0, own: 32_345, drafts: 0, notes: 0 });
      // 1.2345 is billed as 1.23.
      assert.deepEqual([...await tenant.charges()], [{ units: 32_345, billed: 323, rounding: -45 }]);
    },
  );

  await t.step(
    "an own invoice is charged to the card of the subscription, or sent without a card, and has nothing else",
    async () => {
      const own = async (tenant: Tenant) => {
        await tenant.use("sms_out", 500);
        await tenant.cancelNow();
        await tenant.settle();
        // Another program's item waits for some other invoice.
        await world.stripe.invoiceItems.create({ customer: tenant.customerId, currency: "usd", amount: 77_00 });
        await tenant.use("sms_out", 20_000);
        await tenant.settleUntil(DAY);
        const { data: [invoice] } = await world.stripe.invoices.list({ customer: tenant.customerId });
        const { collection_method: method, status, total, amount_paid: paid } = invoice!;
        return { method, status, total, paid };
      };
      const bought = await world.subscriber({ card: "subscription" });
      assert.deepEqual(await own(bought), { method: "charge_automatically", status: "paid", total: 200, paid: 200 });
      const bare = await world.subscriber();
      await world.stripe.customers.update(bare.customerId, { invoice_settings: { default_payment_method: "" } });
      assert.deepEqual(await own(bare), { method: "send_invoice", status: "open", total: 200, paid: 0 });
    },
  );

  await t.step("both sides know the same smallest unit of each currency", async () => {
    const currencies = Intl.supportedValuesOf("currency").map((code) => code.toLowerCase());
    const rows = await world.admin<{ currency: string; size: number }[]>`
      select c as currency, private.units_of_minor(c) as size from unnest(${currencies}::text[]) c`;
    for (const { currency, size } of rows) assert.equal(size, 10 ** (4 - decimalsOf(currency)), currency);
    assert.equal(rows.find(({ currency }) => currency === "ugx")!.size, 100);
  });

  await t.step("a draft of a customer who was deleted bills nothing: what it has is lost by name", async () => {
    const tenant = await world.subscriber();
    await tenant.use("sms_out", 12_345);
    await tenant.flush();
    await tenant.renew();
    await world.stripe.customers.del(tenant.customerId);
    await world.admin`select public.note_deleted_customer(${tenant.customerId})`;
    await tenant.read();
    assert.equal((await tenant.invoiced()).drafts, 1);
    await tenant.settleUntil(4 * DAY);
    assert.deepEqual(await tenant.states(), { accepted: 12_345, "lost customer_gone": 12_345 });
  });

  await t.step("smaller usage without an invoice is lost by name when no more is expected", async () => {
    const tenant = await world.subscriber();
    await tenant.use("sms_out", 9_000);
    await tenant.cancelNow();
    await tenant.settle();
    await tenant.use("sms_out", 9_000);
    await tenant.settleUntil(34 * DAY);
    assert.deepEqual(await tenant.states(), { accepted: 9_000, pending: 9_000 });
    await tenant.settleUntil(2 * DAY);
    assert.deepEqual(await tenant.states(), { accepted: 9_000, "lost too_small": 9_000 });
    // A price that Twilio changes after two months.
    await tenant.settleUntil(30 * DAY);
    await tenant.use("sms_out", 100);
    await tenant.settleUntil(DAY);
    assert.deepEqual(await tenant.states(), { accepted: 9_000, "lost too_small": 9_100 });
    assert.deepEqual(await tenant.invoiced(), { metered: 9_000, own: 0, drafts: 0, notes: 0 });
  });

  await t.step(
    "later usage is billed when its sum reaches the minimum of its currency, corrections included",
    async () => {
      const tenant = await world.subscriber();
      await tenant.use("sms_out", 500);
      await tenant.cancelNow();
      await tenant.settle();
      for (const units of [6_000, -1_000]) {
        await tenant.use("sms_out", units);
        await tenant.settleUntil(DAY);
      }
      assert.deepEqual(await tenant.states(), { accepted: 500, pending: 5_000 });
      await tenant.use("fee", 5_000);
      await tenant.settleUntil(DAY);
      assert.deepEqual(await tenant.states(), { accepted: 500, invoiced: 10_000 });
      assert.deepEqual(await tenant.invoiced(), { metered: 500, own: 10_000, drafts: 0, notes: 0 });
      await world.admin`insert into private.final_bill_settings (currency, minimum) values ('usd', 5)`;
      await tenant.use("fee", 49_999);
      await tenant.settleUntil(DAY);
      assert.equal((await tenant.states())["pending"], 49_999);
      await tenant.use("fee", 1);
      await tenant.settleUntil(DAY);
      assert.equal((await tenant.states())["invoiced"], 60_000);
      await world.admin`delete from private.final_bill_settings`;
    },
  );

  await t.step(
    "a subscription that ends with its period is billed by its last invoice, whose draft Stripe leaves",
    async () => {
      const tenant = await world.subscriber();
      await tenant.use("sms_out", 12_345);
      await tenant.ask("period_end");
      await tenant.cancel();
      await tenant.flush();
      await world.pass(32 * DAY);
      await tenant.read();
      await tenant.settleUntil(3 * DAY);
      assert.deepEqual(await tenant.invoiced(), { metered: 12_345, own: 0, drafts: 0, notes: 0 });
      assert.deepEqual(await tenant.states(), { accepted: 12_345 });
    },
  );

  await t.step(
    "a correction after the end is refunded on the last invoice, a small one when no more is expected",
    async () => {
      const tenant = await world.subscriber();
      await tenant.use("sms_out", 50_000);
      await tenant.cancelNow();
      await tenant.settle();
      await tenant.use("sms_out", -12_345);
      await tenant.settleUntil(DAY);
      assert.deepEqual(await tenant.states(), { accepted: 50_000, credited: -12_345 });
      assert.equal((await tenant.invoiced()).notes, 123);
      assert.deepEqual([...await tenant.charges()], [{ units: -12_345, billed: -123, rounding: 45 }]);
      // 0.40 is below the minimum, and is given back when no more is expected.
      await tenant.use("sms_out", -4_000);
      await tenant.settleUntil(DAY);
      assert.equal((await tenant.invoiced()).notes, 123);
      await tenant.settleUntil(40 * DAY);
      assert.equal((await tenant.invoiced()).notes, 163);
      // Less than half a cent cannot be given back.
      await tenant.use("sms_out", -40);
      await tenant.settleUntil(DAY);
      assert.deepEqual(await tenant.states(), { accepted: 50_000, credited: -16_345, "lost too_small": -40 });
    },
  );

  await t.step(
    "a correction lowers what is due of an open invoice, and what was paid outside of Stripe becomes a balance",
    async () => {
      const tenant = await world.subscriber({ paysLater: true });
      await tenant.use("sms_out", 50_000);
      await tenant.cancelNow();
      await tenant.settle();
      const [last, first] = (await world.stripe.invoices.list({ customer: tenant.customerId })).data;
      assert.deepEqual([last?.status, last?.amount_remaining, first?.status], ["open", 500, "paid"]);
      await tenant.use("sms_out", -12_345);
      await tenant.settleUntil(DAY);
      assert.equal((await world.stripe.invoices.retrieve(last!.id)).amount_remaining, 377);
      await tenant.use("sms_out", -40_000);
      await tenant.settleUntil(DAY);
      assert.equal((await world.stripe.invoices.retrieve(last!.id)).amount_remaining, 0);
      const { balance } = await world.stripe.customers.retrieve(tenant.customerId) as Stripe.Customer;
      assert.equal(balance, -23);
      assert.deepEqual(await tenant.states(), { accepted: 50_000, credited: -52_345 });
      // 1.2345 and 4.00 are given back as 1.23 and 4.00.
      assert.deepEqual((await tenant.charges()).map(({ rounding }) => rounding), [45, 0]);
    },
  );

  await t.step("a credit goes on several invoices, and what fits on none is owed and told", async () => {
    const tenant = await world.subscriber();
    await tenant.use("sms_out", 50_000);
    await tenant.cancelNow();
    await tenant.settle();
    const { data } = await world.stripe.invoices.list({ customer: tenant.customerId });
    const totals = data.map(({ total }) => total);
    assert.equal(totals.length, 2, "the first invoice and the last one");
    const all = totals.reduce((sum, total) => sum + total, 0);
    await tenant.use("sms_out", -(all + 100) * 100);
    await tenant.settleUntil(DAY);
    assert.equal((await tenant.invoiced()).notes, all);
    assert.deepEqual(await tenant.states(), {
      ...{ accepted: 50_000, credited: -all * 100, "lost credit_owed": -10_000 },
    });
    const [alert] = await world.admin`select details from public.operator_alerts
      where kind = 'credit_owed' and user_id = ${tenant.userId} and settled_at is null`;
    assert.equal(alert?.["details"].units, 10_000);
  });

  await t.step("later usage of a customer who was deleted at Stripe is lost by name", async () => {
    const tenant = await world.subscriber();
    await tenant.use("sms_out", 500);
    await tenant.cancelNow();
    await tenant.settle();
    await world.stripe.customers.del(tenant.customerId);
    await tenant.use("sms_out", 20_000);
    await tenant.settleUntil(DAY);
    assert.deepEqual(await tenant.states(), { accepted: 500, "lost customer_gone": 20_000 });
  });

  await t.step("usage of a customer who is deleted at Stripe before it is sent is lost by name, and told", async () => {
    const tenant = await world.subscriber();
    await tenant.use("sms_out", 7_000);
    await tenant.use("fee", 500);
    await world.stripe.customers.del(tenant.customerId);
    await world.admin`select public.note_deleted_customer(${tenant.customerId})`;
    await tenant.read();
    await tenant.flush();
    await tenant.settleUntil(40 * DAY);
    assert.deepEqual(await tenant.states(), { "lost customer_gone": 7_500 });
    const [alert] = await world.admin`select details from public.operator_alerts
      where kind = 'metering' and subject = ${tenant.customerId} and settled_at is null`;
    assert.deepEqual(alert?.["details"].units, { usd: 7_500 });
  });

  await t.step(
    "an end at a date, as the portal sets it, and one after exhausted retries bill each unit once",
    async () => {
      const leaving = await world.subscriber();
      await leaving.use("sms_out", 12_345);
      await world.stripe.subscriptions.update(leaving.subscriptionId, { cancel_at: world.now + 5 * DAY });
      await leaving.flush();
      await world.pass(5 * DAY);
      await leaving.read();
      await leaving.settleUntil(4 * DAY);
      const { metered, own, drafts } = await leaving.invoiced();
      assert.deepEqual({ billed: metered + own, drafts }, { billed: 12_345, drafts: 0 });

      const unpaid = await world.subscriber();
      await unpaid.use("sms_out", 30_000);
      await unpaid.flush();
      await world.stripe.customers.update(unpaid.customerId, {
        invoice_settings: { default_payment_method: "pm_card_chargeCustomerFail" },
      });
      await unpaid.renew();
      await world.pass(4 * DAY);
      await unpaid.read();
      await unpaid.use("sms_out", 20_000);
      await unpaid.flush();
      // Stripe cancels it as the dashboard does: without an invoice.
      await world.stripe.subscriptions.cancel(unpaid.subscriptionId);
      await unpaid.read();
      await unpaid.settleUntil(4 * DAY);
      assert.deepEqual(await unpaid.invoiced(), { metered: 30_000, own: 20_000, drafts: 0, notes: 0 });
      assert.deepEqual(await unpaid.states(), { accepted: 50_000, invoiced: 20_000 });
    },
  );

  await t.step(
    "a tenant who is deleted while their cancellation runs is billed, and so is a second tenant",
    async () => {
      const tenant = await world.subscriber();
      await tenant.use("sms_out", 12_345);
      const [heir] = await world.admin<{ id: string }[]>`insert into auth.users (id, email, email_confirmed_at)
      values (gen_random_uuid(), ${`heir-${tenant.subscriptionId}@final.test`}, now()) returning id`;
      await world.admin`update public.subscriptions set user_id = ${heir!.id} where id = ${tenant.subscriptionId}`;
      const users = await world.admin`select user_id from public.billed_users(${tenant.customerId})`;
      assert.deepEqual(users.map(({ user_id: id }) => id).sort(), [heir!.id, tenant.userId].sort());
      await world.admin`select from public.request_cancellation(${tenant.subscriptionId}, ${
        heir!.id
      }, null, 'now', false,
      'r', null)`;
      const seconds = await tenant.cancel();
      await world.admin`delete from auth.users where id in (${heir!.id}, ${tenant.userId})`;
      await world.pass(seconds!);
      assert.equal(await tenant.cancel(), null);
      await tenant.read();
      await tenant.settleUntil(DAY);
      assert.deepEqual(await tenant.invoiced(), { metered: 12_345, own: 0, drafts: 0, notes: 0 });
      assert.deepEqual(await tenant.states(), { accepted: 12_345 });
    },
  );

  await t.step("later usage of a tenant who comes back is on the new subscription's invoice, once", async () => {
    const tenant = await world.subscriber();
    await tenant.use("sms_out", 500);
    await tenant.cancelNow();
    await tenant.settle();
    const back = await world.subscriber({ customer: tenant });
    await tenant.use("sms_out", 20_000);
    await tenant.settleUntil(DAY);
    await back.flush();
    await back.cancelNow();
    await back.settle();
    assert.deepEqual(await back.invoiced(), { metered: 20_500, own: 0, drafts: 0, notes: 0 });
    assert.deepEqual(await back.states(), { accepted: 20_500 });
  });

  await t.step("an own invoice that is voided changes no row, and the operator learns of it", async () => {
    const tenant = await world.subscriber({ paysLater: true });
    await tenant.use("sms_out", 30_000);
    await tenant.cancelNow();
    await tenant.settle();
    await tenant.use("sms_out", 20_000);
    await tenant.settleUntil(DAY);
    const before = await world.admin`select * from private.billing_rows
      where stripe_customer_id = ${tenant.customerId} order by number`;
    const { data: [own] } = await world.stripe.invoices.list({ customer: tenant.customerId });
    assert.deepEqual([own!.status, own!.total], ["open", 200]);
    await world.stripe.invoices.voidInvoice(own!.id);
    await readInvoice(own!.id, world.process());
    await tenant.settleUntil(40 * DAY);
    const [alert] = await world.admin`select details from public.operator_alerts
      where kind = 'payment_moved' and subject = ${own!.id} and settled_at is null`;
    assert.equal(alert?.["details"].cause, "void");
    assert.deepEqual(
      await world.admin`select * from private.billing_rows where stripe_customer_id = ${tenant.customerId}
        order by number`,
      before,
    );
  });

  await t.step("the drafts of a subscription that was unpaid for months are all finalised at its end", async () => {
    const tenant = await world.subscriber();
    await world.control(`/_sim/subscriptions/${tenant.subscriptionId}`, { action: "unpaid" });
    await tenant.read();
    for (let month = 0; month < 4; month++) {
      await tenant.use("sms_out", 10_000);
      await tenant.flush();
      await tenant.renew();
    }
    assert.ok((await tenant.invoiced()).drafts >= 3);
    await tenant.cancelNow();
    await tenant.settleUntil(4 * DAY);
    const { metered, drafts } = await tenant.invoiced();
    assert.deepEqual({ metered, drafts }, { metered: 40_000, drafts: 0 });
    const [bill] = await world.admin`select compared_at is not null as compared from private.final_bills
      where subscription_id = ${tenant.subscriptionId}`;
    assert.equal(bill!["compared"], true);
  });

  await t.step("a gift that ends leads to no final bill", async () => {
    const tenant = await world.subscriber();
    await world.stripe.subscriptions.update(tenant.subscriptionId, { metadata: { user_id: "" } });
    await world.admin`update private.stripe_customers set origin = 'checkout' where id = ${tenant.customerId}`;
    await world.admin`update public.subscriptions set origin = 'checkout' where id = ${tenant.subscriptionId}`;
    await world.stripe.subscriptions.cancel(tenant.subscriptionId);
    await tenant.read();
    assert.equal(
      (await world.admin`select from private.final_bills
      where subscription_id = ${tenant.subscriptionId}`).length,
      0,
    );
  });

  await t.step("the usage of a deleted user is billed when an operator cancels their subscription", async () => {
    const tenant = await world.subscriber();
    await tenant.use("sms_out", 12_345);
    await world.admin`delete from auth.users where id = ${tenant.userId}`;
    await world.admin`select from public.request_cancellation(${tenant.subscriptionId}, null, ${crypto.randomUUID()},
      'now', false, 'r', 'deleted')`;
    const seconds = await tenant.cancel();
    await world.pass(seconds!);
    await tenant.cancel();
    await tenant.read();
    await tenant.settle();
    assert.deepEqual(await tenant.states(), { accepted: 12_345 });
    assert.deepEqual(await tenant.invoiced(), { metered: 12_345, own: 0, drafts: 0, notes: 0 });
  });

  await t.step(
    "a process may end at any call of a final bill: each unit is billed or given back once",
    async () => {
      const charges = { "an own invoice": [12_345, -2_000], "a credit": [-12_345, 2_000] } as const;
      for (const [name, [first, second]] of Object.entries(charges)) {
        const tenant = await world.subscriber();
        await tenant.use("sms_out", 5_000_000);
        await tenant.cancelNow();
        await tenant.settle();
        const state = first > 0 ? "invoiced" : "credited";
        let struck = true;
        let at = -1;
        let rounds = 0;
        while (struck) {
          at++;
          // A lost answer is repeated soon, and when Stripe has forgotten the idempotency key.
          for (const [how, pause] of [["before", MINUTE], ["after", MINUTE], ["after", 25 * HOUR]] as const) {
            await tenant.use("sms_out", first);
            await tenant.use("fee", second);
            await tenant.settle({ at, how }).catch(expectEnd);
            struck = world.ended;
            await world.pass(pause);
            await tenant.settle();
            rounds++;
            const about = `${name}, ended ${how} call ${at}, repeated after ${pause} s`;
            assert.deepEqual(await tenant.states(), {
              accepted: 5_000_000,
              [state]: rounds * (first + second),
            }, about);
          }
        }
        assert.ok(at > 8, `${name} takes ${at} calls`);
        await world.pass(DAY);
        assert.deepEqual(await tenant.invoiced(), {
          ...{ metered: 5_000_000, drafts: 0 },
          own: first > 0 ? rounds * (first + second) : 0,
          notes: first > 0 ? 0 : rounds * 103,
        }, name);
      }
    },
  );

  await t.step("a process may end at any call of a cancellation: its usage is on one invoice", async () => {
    let struck = true;
    let at = -1;
    while (struck) {
      at++;
      for (const how of ["before", "after"] as const) {
        const tenant = await world.subscriber();
        await tenant.use("sms_out", 50_000);
        await tenant.ask("now");
        await tenant.cancel({ at, how }).catch(expectEnd);
        struck = world.ended;
        // Longer than a lease and than usage takes to be counted.
        await world.pass(6 * MINUTE);
        const seconds = await tenant.cancel();
        if (seconds !== null) {
          await world.pass(seconds);
          await tenant.cancel({ at, how }).catch(expectEnd);
          struck ||= world.ended;
          await world.pass(6 * MINUTE);
          assert.equal(await tenant.cancel(), null);
        }
        await tenant.read();
        await tenant.settleUntil(3 * DAY);
        const about = `ended ${how} call ${at}`;
        assert.deepEqual(await tenant.states(), { accepted: 50_000 }, about);
        assert.deepEqual(await tenant.invoiced(), { metered: 50_000, own: 0, drafts: 0, notes: 0 }, about);
      }
    }
    assert.ok(at > 8, `a cancellation takes ${at} calls`);
  });
});

function expectEnd(error: unknown): void {
  let cause = error;
  while (cause instanceof Error && !(cause instanceof ProcessEnded)) cause = cause.cause ?? null;
  if (!(cause instanceof ProcessEnded) && !String(error).includes("ProcessEnded") && !isConnectionError(error)) {
    throw error;
  }
}

/** The SDK reports a failed fetch as its own error. */
function isConnectionError(error: unknown): boolean {
  return error instanceof Error && "type" in error && error.type === "StripeConnectionError";
}
