import assert from "node:assert/strict";
import fc from "fast-check";
import type postgres from "postgres";
import type Stripe from "stripe";
import { startStripeSimulator, type StripeSimulator } from "../../local/simulators/stripe/mod.ts";
import type { MeterEventRecord } from "../../local/simulators/stripe/records.ts";
import { applyStripeEvent } from "../../supabase/functions/_shared/billing/apply-event.ts";
import { outcomeOfFailure } from "../../supabase/functions/_shared/billing/meter-outcome.ts";
import { meterUsage } from "../../supabase/functions/_shared/billing/meter-usage.ts";
import { flushPeriod, type PeriodToClose } from "../../supabase/functions/_shared/billing/flush.ts";
import type { Db } from "../../supabase/functions/_shared/platform/database.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { connect, databaseOf, readSignatures, type Signatures } from "../faults/harness/database.ts";
import type { FunctionsProcess } from "../faults/harness/process.ts";
import { startTestDatabase } from "../support/test-database.ts";

const RUNS = Number(Deno.env.get("METERING_RUNS") ?? "2");
/** The customers of a run, each with a history of its own. They share the clock. */
const CUSTOMERS = 20;
/** Repeats a run that failed. */
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KINDS = ["sms_out", "mms_in"] as const;
const FIRST = Date.parse("2027-01-10T00:00:00Z");
/** Long enough for every unknown outcome to be compared, and every refused call to be repeated. */
const REST = [2, 26, 26, 26, 26].map((hours) => hours * HOUR);

/** How a call to the outside goes wrong. `late`: Stripe gets it after the others of the round. */
const FAULTS = [
  "dies before",
  "dies after",
  "lost",
  "answer lost",
  "400",
  "400",
  "429",
  "500",
  "500 after",
  "late",
] as const;
type Fault = { at: number; how: typeof FAULTS[number] };

const step = fc.record({
  rows: fc.array(
    fc.record({
      kind: fc.constantFrom(...KINDS),
      units: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 500 }) }, {
        weight: 1,
        arbitrary: fc.integer({ min: -700, max: -1 }),
      }),
      daysBack: fc.constantFrom(0, 0, 0, 1, 2, 20, 40),
    }),
    { maxLength: 4 },
  ),
  faults: fc.array(fc.record({ at: fc.nat(9), how: fc.constantFrom(...FAULTS) }), { maxLength: 3 }),
  workers: fc.constantFrom(1, 1, 2),
});
const script = fc.record({
  anchorHours: fc.nat(200),
  graceHours: fc.constantFrom(1, 72),
  /** After how many minutes the draft is read. */
  readMinutes: fc.constantFrom(1, 20, 90, 3 * 24 * 60),
  periodDays: fc.constantFrom(5, 30),
  steps: fc.array(step, { minLength: 12, maxLength: 12 }),
});
const story = fc.record({
  metering: fc.record({
    processingSeconds: fc.constantFrom(0, 240),
    summarySeconds: fc.constantFrom(0, 1500),
    summaryEnd: fc.constantFrom("exclusive", "inclusive"),
  }),
  scripts: fc.array(script, { minLength: CUSTOMERS, maxLength: CUSTOMERS }),
  minutes: fc.array(fc.constantFrom(1, 20, 45, 70, 300, 600, 26 * 60, 47 * 60, 3 * 24 * 60), {
    minLength: 12,
    maxLength: 12,
  }),
});
type Script = typeof script extends fc.Arbitrary<infer Value> ? Value : never;
type Step = Script["steps"][number];

/** What the histories had, so that they prove something. */
const seen = { events: 0, repeated: 0, compared: 0, refused: 0, moved: 0, negative: 0, split: 0, killed: 0, closed: 0 };

class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";
}

/** One process of the functions: what it asks the outside goes wrong at the planned calls, and after its end all does. */
class Worker {
  private calls = 0;
  private ended = false;

  constructor(private readonly faults: readonly Fault[], private readonly late: (() => Promise<unknown>)[]) {}

  async ask<Answer>(send: () => Promise<Answer>, outside: {
    lost: () => Answer;
    status: (status: number) => Answer;
  }): Promise<Answer> {
    if (this.ended) throw new ProcessEnded();
    const fault = this.faults.find(({ at }) => at === this.calls);
    this.calls++;
    const answer = await this.under(fault?.how, send, outside);
    if (this.ended) throw new ProcessEnded();
    return answer;
  }

  private async under<Answer>(
    how: Fault["how"] | undefined,
    send: () => Promise<Answer>,
    { lost, status }: { lost: () => Answer; status: (status: number) => Answer },
  ): Promise<Answer> {
    switch (how) {
      case undefined:
        return await send();
      case "dies before":
        return this.end();
      case "dies after":
        await send();
        return this.end();
      case "lost":
        return lost();
      case "answer lost":
        await send();
        return lost();
      case "400":
      case "429":
      case "500":
        return status(Number(how));
      case "500 after":
        await send();
        return status(500);
      case "late":
        this.late.push(send);
        return lost();
    }
  }

  private end(): never {
    this.ended = true;
    seen.killed++;
    throw new ProcessEnded();
  }
}

/** The simulator and the database under one clock, and the customers with their histories. */
class World {
  now = FIRST;
  private readonly late: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly simulator: StripeSimulator,
    readonly admin: postgres.Sql,
    readonly service: postgres.Sql,
    readonly signatures: Signatures,
  ) {}

  static async create(admin: postgres.Sql, service: postgres.Sql, signatures: Signatures): Promise<World> {
    let world: World | undefined = undefined;
    const simulator = await startStripeSimulator({ now: () => world?.now ?? FIRST });
    world = new World(simulator, admin, service, signatures);
    await admin`truncate private.billing_rows, private.billing_periods, private.billing_customers,
      private.metered_items, private.stripe_invoices, private.meters, pgmq.q_jobs_billing`;
    const stripe = world.stripe(new Worker([], []));
    for (const kind of ["sms_out", "sms_in", "mms_out", "mms_in", "number", "fee"]) {
      const { id } = await stripe.billing.meters.create({
        ...{ display_name: kind, event_name: `switchboard_${kind}`, default_aggregation: { formula: "sum" } },
      });
      await admin`insert into private.meters (kind, meter_id) values (${kind}, ${id})`;
    }
    return world;
  }

  async passTo(now: number): Promise<void> {
    this.now = now;
    await this.admin`update private.test_clock set at = ${new Date(now).toISOString()}`;
    await this.control("/_sim/clock", { advanceSeconds: 0 });
  }

  async control<Answer>(path: string, body?: unknown): Promise<Answer> {
    const request = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return await (await this.simulator.fetch(this.simulator.url + path, request)).json();
  }

  stripe(worker: Worker): Stripe {
    const { url: apiBaseUrl, secretKey, fetch } = this.simulator;
    return createStripe({
      ...{ apiBaseUrl, secretKey },
      fetch: ((input, init) =>
        worker.ask(() => fetch(input, init), {
          lost: () => {
            throw new TypeError("connection closed");
          },
          status: (status) => {
            const type = status === 400 ? "invalid_request_error" : "api_error";
            return Response.json({ error: { type, message: "no" } }, { status });
          },
        })) as typeof globalThis.fetch,
    });
  }

  db(worker: Worker): Db {
    const process = {
      call: ({ send, unanswered, answered }: {
        send: () => Promise<unknown>;
        unanswered: () => unknown;
        answered: (status: number, body: "json") => unknown;
      }) => worker.ask(send, { lost: unanswered, status: (status) => answered(status, "json") }),
    };
    return databaseOf(this.service, this.signatures, process as unknown as FunctionsProcess);
  }

  dependencies(faults: readonly Fault[]) {
    const worker = new Worker(faults, this.late);
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const stripe = this.stripe(worker);
    return { db: this.db(worker), stripe: () => Promise.resolve(stripe), log, sleep: () => Promise.resolve() };
  }

  /** Runs the schedules and the jobs that they enqueue, with the faults of each customer. */
  async work(stepOf: (customerId: string) => Pick<Step, "faults" | "workers">): Promise<void> {
    const { db } = this.dependencies([]);
    await db.rpc("close_due_periods", { p_limit: 500 }).abortSignal(AbortSignal.timeout(5000));
    await db.rpc("ask_for_metering", { p_limit: 500 }).abortSignal(AbortSignal.timeout(5000));
    const jobs = await this.admin<{ message: { kind: string; customerId?: string; period?: PeriodToClose } }[]>`
      delete from pgmq.q_jobs_billing returning message`;
    await Promise.all(jobs.flatMap(({ message: { customerId, period } }) => {
      const { faults, workers } = stepOf(customerId ?? period!.customerId);
      return Array.from({ length: workers }, async (_, index) => {
        // The second process has no faults: it finds what the first has left.
        const dependencies = this.dependencies(index === 0 ? faults : []);
        try {
          if (period !== undefined) await flushPeriod(period, dependencies);
          else await meterUsage(customerId!, dependencies);
        } catch (error) {
          if (faults.length === 0) throw error;
        }
      });
    }));
    for (const send of this.late.splice(0)) await send();
  }
}

/** A customer with one subscription, whose periods and invoices follow the clock. */
class Customer {
  private periods: { starts: number; ends: number; read: boolean; final: boolean }[] = [];
  private readonly user = crypto.randomUUID();

  private constructor(readonly id: string, readonly script: Script, private readonly world: World) {}

  static async create(script: Script, world: World): Promise<Customer> {
    const { id } = await world.stripe(new Worker([], [])).customers.create({});
    const customer = new Customer(id, script, world);
    await customer.begin();
    return customer;
  }

  private get subscription() {
    return `sub_${this.id}`;
  }

  private async begin(): Promise<void> {
    const { admin } = this.world;
    await admin`insert into private.billing_customers (stripe_customer_id, user_id) values (${this.id}, ${this.user})`;
    for (const kind of KINDS) {
      await admin`insert into private.metered_items (subscription_id, kind, item_id, price_id, since)
        values (${this.subscription}, ${kind}, ${`si_${kind}`}, ${`price_${kind}`}, '2026-01-01')`;
    }
    const starts = FIRST - this.script.anchorHours * HOUR + 1000;
    await this.addPeriod(starts - this.script.periodDays * DAY);
    await this.follow();
  }

  private async addPeriod(starts: number): Promise<void> {
    const ends = starts + this.script.periodDays * DAY;
    this.periods.push({ starts, ends, read: false, final: false });
    await this.world.admin`
      insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
      values (${this.subscription}, ${iso(starts)}, ${iso(ends)}, ${this.user}, ${this.id}, 'usd')`;
  }

  finalAt(period: { ends: number }): number {
    return period.ends + this.script.graceHours * HOUR;
  }

  /** Stripe's side until now: the next period, the draft, and the final invoice, in the order in which they are read. */
  async follow(): Promise<void> {
    const { admin, now } = this.world;
    while (this.periods.at(-1)!.ends <= now) await this.addPeriod(this.periods.at(-1)!.ends);
    for (const period of this.periods) {
      const id = `in_${this.id}_${period.starts}`;
      if (!period.read && now >= period.ends + this.script.readMinutes * 60_000) {
        period.read = true;
        await admin`
          insert into private.stripe_invoices (id, stripe_customer_id, subscription_id, status, currency, created_at,
            period_start, period_end, finalises_at, total)
          values (${id}, ${this.id}, ${this.subscription}, 'draft', 'usd', ${iso(period.ends)}, ${iso(period.starts)},
            ${iso(period.ends)}, ${iso(this.finalAt(period))}, 0)`;
      }
      if (period.read && !period.final && now >= this.finalAt(period)) {
        period.final = true;
        await admin`update private.stripe_invoices set status = 'open', finalised_at = finalises_at where id = ${id}`;
      }
    }
  }

  async use({ rows }: Step): Promise<void> {
    const { admin, now } = this.world;
    for (const { kind, units, daysBack } of rows) {
      const at = now - daysBack * DAY;
      const period = this.periods.find(({ starts, ends }) => starts <= at && at < ends);
      if (period === undefined) continue;
      await admin`
        insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start,
          period_end, currency, count, units, amount)
        values (${this.user}, ${kind}, ${iso(at).slice(0, 10)}, 'USD', ${this.subscription}, ${this.id},
          ${iso(period.starts)}, ${iso(period.ends)}, 'usd', 1, ${units}, ${units / 10_000})`;
      await admin`select private.set_metering_due(${this.id}, private.present())`;
    }
  }

  judge(events: MeterEventRecord[], rows: Row[]): void {
    for (const kind of KINDS) {
      const ofKind = events.filter(({ event }) => event.event_name === `switchboard_${kind}`);
      const accepted = rows.filter((row) => row.kind === kind && row.state === "accepted");
      const about = tell(this.id, kind, rows.filter((row) => row.kind === kind), ofKind, this.periods);
      assert.equal(sum(ofKind.map(valueOf)), sum(accepted.map(({ units }) => units)), about);
      for (const period of this.periods) {
        const inPeriod = ofKind.filter(({ event: { timestamp } }) =>
          period.starts <= timestamp * 1000 && timestamp * 1000 < period.ends
        );
        const billed = accepted.filter(({ billed_start }) => Date.parse(billed_start!) === period.starts);
        assert.equal(sum(inPeriod.map(valueOf)), sum(billed.map(({ units }) => units)), `in the period, ${about}`);
        let total = 0;
        for (const event of inPeriod) {
          assert.ok(event.processedAt! * 1000 < this.finalAt(period), `after the invoice was final, ${about}`);
          total += valueOf(event);
          assert.ok(total >= 0, `below zero, ${about}`);
        }
      }
      const open = rows.filter((row) => row.kind === kind && row.state !== "accepted" && row.state !== "lost");
      assert.ok(open.every(({ state, units }) => state === "pending" && units < 0), `not sent, ${about}`);
      assert.equal(ofKind.filter(({ status }) => status !== "counted").length, 0, about);
      seen.events += ofKind.length;
      seen.negative += accepted.filter(({ units }) => units < 0).length;
      seen.moved += accepted.filter((row) => row.billed_start !== row.period_start).length;
      seen.compared += accepted.filter(({ rejections, refusals }) => rejections > refusals).length;
      seen.refused += accepted.filter(({ refusals }) => refusals > 0).length;
      seen.repeated += accepted.filter(({ tries }) => tries > 1).length;
      seen.split += rows.filter(({ kind: of, count }) => of === kind && count === 0).length;
    }
  }
}

interface Row {
  id: string;
  stripe_customer_id: string;
  kind: string;
  day: string;
  state: string;
  units: number;
  count: number;
  period_start: string;
  billed_start: string | null;
  event_at: string | null;
  rejections: number;
  refusals: number;
  tries: number;
  error: string | null;
}

/** The rows and the events of a customer and kind, as a story. */
function tell(
  id: string,
  kind: string,
  rows: Row[],
  events: MeterEventRecord[],
  periods: { starts: number; ends: number }[],
): string {
  return [
    `${id} ${kind}`,
    ...periods.map(({ starts, ends }) => `period ${iso(starts)} to ${iso(ends)}`),
    ...rows.map((row) =>
      [
        ...["row", row.id.slice(-4), row.day, row.units, row.state, "billed", row.billed_start, "at", row.event_at],
        ...["of", row.period_start, "tries", row.tries, row.rejections, row.error],
      ].join(" ")
    ),
    ...events.map(({ event: { identifier, timestamp, payload }, receivedAt, status }) =>
      `event ${identifier.slice(32)} ${payload.value} ${iso(timestamp * 1000)} received ${
        iso(receivedAt * 1000)
      } ${status}`
    ),
  ].join("\n");
}

const iso = (ms: number) => new Date(ms).toISOString();
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const valueOf = (record: MeterEventRecord) => Number(record.event.payload.value);

async function replay(
  { metering, scripts, minutes }: typeof story extends fc.Arbitrary<infer Value> ? Value : never,
  admin: postgres.Sql,
  service: postgres.Sql,
  signatures: Signatures,
): Promise<void> {
  const world = await World.create(admin, service, signatures);
  try {
    await world.passTo(FIRST);
    await world.control("/_sim/metering", metering);
    const customers: Customer[] = [];
    for (const each of scripts) customers.push(await Customer.create(each, world));
    const byId = new Map(customers.map((customer) => [customer.id, customer]));
    for (const [round, of] of minutes.entries()) {
      await world.passTo(world.now + of * 60_000);
      for (const customer of customers) {
        await customer.follow();
        await customer.use(customer.script.steps[round]!);
      }
      await world.work((id) => byId.get(id)!.script.steps[round]!);
    }
    for (const ms of REST) {
      for (let part = 0; part < 4; part++) {
        await world.passTo(world.now + ms / 4);
        for (const customer of customers) await customer.follow();
        await world.work(() => ({ faults: [], workers: 1 }));
      }
    }
    await world.passTo(world.now + HOUR);
    const { meterEvents } = await world.control<{ meterEvents: MeterEventRecord[] }>("/_sim/meter-events");
    const rows = await admin<Row[]>`
      select id, stripe_customer_id, kind, day, state, units::integer, count::integer, period_start, billed_start, event_at,
        rejections, refusals, tries, error from private.billing_rows order by number`;
    const [closed] = await admin`
      select count(*)::integer from private.billing_periods where books_closed_at is not null`;
    seen.closed += closed!.count;
    for (const customer of customers) {
      customer.judge(
        meterEvents.filter(({ event }) => event.payload.stripe_customer_id === customer.id),
        rows.filter(({ stripe_customer_id }) => stripe_customer_id === customer.id),
      );
    }
  } finally {
    await world.simulator.stop();
  }
}

/** A customer is deleted at Stripe, which tells us by an event, while usage of it waits. */
async function loseDeletedCustomer(admin: postgres.Sql, service: postgres.Sql, signatures: Signatures): Promise<void> {
  const world = await World.create(admin, service, signatures);
  try {
    await world.passTo(FIRST);
    const quiet: Script = { anchorHours: 24, graceHours: 72, readMinutes: 1, periodDays: 30, steps: [] };
    const customer = await Customer.create(quiet, world);
    await customer.use({ rows: [{ kind: "sms_out", units: 70, daysBack: 0 }], faults: [], workers: 1 });
    const { db, stripe } = world.dependencies([]);
    await (await stripe()).customers.del(customer.id);
    await admin`insert into public.webhook_events (provider, event_id, type, payload)
      values ('stripe', 'evt_deleted', 'customer.deleted', ${admin.json({ data: { object: { id: customer.id } } })})`;
    await applyStripeEvent("evt_deleted", { db, stripe: await stripe() });
    await world.work(() => ({ faults: [], workers: 1 }));
    const [row] = await admin`select state, loss_reason from private.billing_rows`;
    assert.deepEqual({ ...row }, { state: "lost", loss_reason: "customer_gone" });
    const { meterEvents } = await world.control<{ meterEvents: unknown[] }>("/_sim/meter-events");
    assert.equal(meterEvents.length, 0, "sent for a deleted customer");
  } finally {
    await world.simulator.stop();
  }
}

Deno.test("after lost answers, doubles, deaths and period ends, Stripe has every accepted row once, in a period that was open", async () => {
  await using database = await startTestDatabase();
  const admin = connect(database.url, "postgres", 1);
  const service = connect(database.url, "service_role", 6);
  try {
    await admin.unsafe(`
      create table private.test_clock (at timestamptz);
      insert into private.test_clock values (now());
      grant select on private.test_clock to service_role;
      create or replace function private.present() returns timestamptz language plpgsql stable set search_path = ''
      as $$ begin return (select at from private.test_clock); end; $$;`);
    const signatures = await readSignatures(admin);
    await fc.assert(
      fc.asyncProperty(story, (each) => replay(each, admin, service, signatures)),
      { numRuns: RUNS, endOnFailure: true },
    );
    await loseDeletedCustomer(admin, service, signatures);
  } finally {
    await admin.end();
    await service.end();
  }
  console.log(`figures: ${RUNS * CUSTOMERS} histories: ${JSON.stringify(seen)}`);
  assert.ok(Object.values(seen).every((count) => count > 0), JSON.stringify(seen));
});

Deno.test("each answer of Stripe to a meter event, as the SDK throws it, has its meaning", async () => {
  const simulator = await startStripeSimulator();
  try {
    const { url: apiBaseUrl, secretKey, fetch } = simulator;
    const stripe = createStripe({ apiBaseUrl, secretKey, fetch, retries: 0 });
    const control = (path: string, body: unknown, method = "POST") =>
      fetch(`${apiBaseUrl}/_sim/${path}`, { method, ...(method === "POST" && { body: JSON.stringify(body) }) });
    const { id: customer } = await stripe.customers.create({});
    const meter = await stripe.billing.meters.create({
      ...{ display_name: "SMS", event_name: "switchboard_sms_out", default_aggregation: { formula: "sum" } },
    });
    const seconds = Math.floor(Date.now() / 1000);
    const send = async (
      identifier: string,
      more: Partial<Stripe.Billing.MeterEventCreateParams> = {},
      key = identifier,
    ) => {
      try {
        await stripe.billing.meterEvents.create({
          event_name: "switchboard_sms_out",
          payload: { stripe_customer_id: customer, value: "1" },
          timestamp: seconds,
          identifier,
          ...more,
        }, { idempotencyKey: key });
        return "accepted";
      } catch (error) {
        return outcomeOfFailure(error, "row.0").outcome;
      }
    };
    const fault = async (status: number, identifier: string) => {
      await control("faults", { match: "POST /v1/billing/meter_events", kind: "status", status });
      return await send(identifier);
    };
    assert.equal(await send("row.0"), "accepted");
    assert.equal(await send("row.0", {}, "another-key"), "accepted", "it exists already");
    assert.equal(await send("row.0", { timestamp: seconds - 1 }), "unknown", "the key was used with other parameters");
    assert.equal(await send("row.00", {}), "accepted");
    assert.equal(await send("row.00", {}, "key-2"), "refused", "another identifier exists already");
    assert.deepEqual(
      (await Promise.all([send("row.1"), send("row.2")])).sort(),
      ["accepted", "unsent"],
      "lock_timeout",
    );
    assert.equal(await send("row.3", { timestamp: seconds + 900 }), "too_early", "in the future");
    assert.equal(await send("row.4", { timestamp: seconds - 36 * 86_400 }), "refused", "too old");
    assert.equal(await fault(429, "row.5"), "unsent");
    assert.equal(await fault(401, "row.5"), "unsent");
    assert.equal(await fault(500, "row.5"), "unknown");
    assert.equal(await fault(503, "row.5"), "unknown");
    assert.equal(await fault(409, "row.5"), "unknown");
    await control("faults", { match: "POST /v1/billing/meter_events", kind: "drop_before" });
    assert.equal(await send("row.5"), "unknown");
    await control("metering", { checks: "at_once" });
    const payload = { stripe_customer_id: "cus_unknown", value: "1" };
    assert.equal(await send("row.6", { payload }), "customer_gone");
    assert.equal(await send("row.7", { payload: { stripe_customer_id: customer, value: "many" } }), "refused");
    await stripe.billing.meters.deactivate(meter.id);
    assert.equal(await send("row.8"), "no_meter");
    assert.equal(await send("row.9", { event_name: "switchboard_fee" }), "no_meter");
  } finally {
    await simulator.stop();
  }
});
