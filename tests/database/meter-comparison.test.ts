import assert from "node:assert/strict";
import fc from "fast-check";
import type postgres from "postgres";
import type Stripe from "stripe";
import { startStripeSimulator, type StripeSimulator } from "../../local/simulators/stripe/mod.ts";
import type { MeterEventRecord, ThinEventRecord } from "../../local/simulators/stripe/records.ts";
import { compareMeters } from "../../supabase/functions/_shared/billing/compare-meters.ts";
import { meterUsage } from "../../supabase/functions/_shared/billing/meter-usage.ts";
import { applyThinEvent } from "../../supabase/functions/_shared/billing/thin-event.ts";
import type { Db } from "../../supabase/functions/_shared/platform/database.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { connect, databaseOf, readSignatures, type Signatures } from "../faults/harness/database.ts";
import type { FunctionsProcess } from "../faults/harness/process.ts";
import { startTestDatabase } from "../support/test-database.ts";

const RUNS = Number(Deno.env.get("COMPARISON_RUNS") ?? "2");
/** Repeats a run that failed. */
/** The customers of a run, each with a history of its own. They share the clock and Stripe's settings. */
const CUSTOMERS = 6;
const ROUNDS = 8;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KINDS = ["sms_out", "mms_in"] as const;
const FIRST = Date.parse("2027-01-10T00:00:00Z");
/** Days until every difference has been seen twice, sent again, rejected again, and found on an invoice. */
const REST_DAYS = 13;

/** What happens to the events of a round: some are rejected after Stripe has accepted them. */
const step = fc.record({
  rows: fc.array(
    fc.record({
      kind: fc.constantFrom(...KINDS),
      units: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 500 }) }, {
        weight: 1,
        arbitrary: fc.integer({ min: -60, max: -1 }),
      }),
      daysBack: fc.constantFrom(0, 0, 0, 1, 3),
    }),
    { maxLength: 4 },
  ),
  rejected: fc.constantFrom(0, 0, 0, 1, 2, 4),
  /** What becomes of the calls that send usage. Without an answer their outcome is unknown. */
  calls: fc.constantFrom(
    "answered" as const,
    "answered" as const,
    "answered" as const,
    "lost" as const,
    "unanswered" as const,
  ),
});
const script = fc.record({
  /** When the period of the customer ends, so that days are cut. */
  anchorMinutes: fc.integer({ min: 0, max: 4 * 24 * 60 }),
  anchorSeconds: fc.constantFrom(0, 0, 1, 30, 59),
  graceHours: fc.constantFrom(1, 72, 72),
  steps: fc.array(step, { minLength: ROUNDS, maxLength: ROUNDS }),
});
const story = fc.record({
  scripts: fc.array(script, { minLength: CUSTOMERS, maxLength: CUSTOMERS }),
  minutes: fc.array(fc.constantFrom(1, 20, 70, 300, 600, 23 * 60, 26 * 60), { minLength: ROUNDS, maxLength: ROUNDS }),
  /** What becomes of the thin events. */
  thin: fc.constantFrom("lost" as const, "applied" as const, "twice" as const, "late" as const),
  metering: fc.record({
    processingSeconds: fc.constantFrom(0, 60, 1500),
    summarySeconds: fc.constantFrom(0, 300, 2700),
    samples: fc.constantFrom(0, 1, 100),
    summaryEnd: fc.constantFrom("exclusive" as const, "inclusive" as const),
    emptySummaries: fc.constantFrom("omitted" as const, "zero" as const),
    rejectedIdentifiers: fc.constantFrom("exist" as const, "free" as const),
  }),
});
/** A rejected event of a customer, of which Stripe tells nothing: the thin event is lost. */
const quiet: Story = {
  scripts: Array.from({ length: CUSTOMERS }, (_, index) => ({
    anchorMinutes: 1000 + index * 60,
    anchorSeconds: 30,
    graceHours: index % 2 === 0 ? 72 : 1,
    steps: Array.from({ length: ROUNDS }, (_, round) => ({
      rows: round > 4 ? [] : [
        { kind: "sms_out" as const, units: 100 + index, daysBack: 0 },
        { kind: "sms_out" as const, units: round === 2 ? -30 : 70, daysBack: 0 },
      ],
      rejected: round === 2 ? 2 : 0,
      calls: "answered" as const,
    })),
  })),
  minutes: [1, 600, 300, 70, 300, 70, 600, 600],
  thin: "lost",
  metering: {
    processingSeconds: 1500,
    summarySeconds: 300,
    samples: 1,
    summaryEnd: "inclusive",
    emptySummaries: "omitted",
    rejectedIdentifiers: "exist",
  },
};
type Story = typeof story extends fc.Arbitrary<infer Value> ? Value : never;
type Script = Story["scripts"][number];
type Step = Script["steps"][number];

/** What the histories had, so that they prove something. */
const seen = {
  ...{ rejected: 0, twice: 0, negative: 0, unbilled: 0, cut: 0, alerts: 0, thin: 0, lost: 0, invoices: 0 },
  ...{ unknown: 0, compared: 0 },
};

class World {
  now = FIRST;
  readonly stripe: Stripe;
  readonly db: Db;
  /** Of the customers whose calls are not answered now. */
  readonly calls = new Map<string, Step["calls"]>();

  private constructor(
    readonly simulator: StripeSimulator,
    readonly admin: postgres.Sql,
    service: postgres.Sql,
    signatures: Signatures,
  ) {
    const { url: apiBaseUrl, secretKey, fetch } = simulator;
    this.stripe = createStripe({
      ...{ apiBaseUrl, secretKey },
      fetch: (async (input, init) => {
        const calls = this.callsOf(init?.body);
        if (calls === "lost") throw new TypeError("connection closed");
        const answer = await fetch(input, init);
        if (calls === "unanswered") throw new TypeError("connection closed");
        return answer;
      }) as typeof globalThis.fetch,
    });
    const process = { call: ({ send }: { send: () => Promise<unknown> }) => send() };
    this.db = databaseOf(service, signatures, process as unknown as FunctionsProcess);
  }

  static async create(admin: postgres.Sql, service: postgres.Sql, signatures: Signatures): Promise<World> {
    let world: World | undefined = undefined;
    const simulator = await startStripeSimulator({ now: () => world?.now ?? FIRST });
    world = new World(simulator, admin, service, signatures);
    await admin`truncate private.billing_rows, private.billing_periods, private.billing_customers, private.meter_days,
      private.metered_items, private.stripe_invoices, private.meters, pgmq.q_jobs_billing, public.operator_alerts,
      public.webhook_events`;
    for (const kind of ["sms_out", "sms_in", "mms_out", "mms_in", "number", "fee"]) {
      const { id } = await world.stripe.billing.meters.create({
        ...{ display_name: kind, event_name: `switchboard_${kind}`, default_aggregation: { formula: "sum" } },
      });
      await admin`insert into private.meters (kind, meter_id) values (${kind}, ${id})`;
    }
    return world;
  }

  private callsOf(body: unknown): Step["calls"] {
    const parameters = new URLSearchParams(typeof body === "string" ? body : "");
    return this.calls.get(parameters.get("payload[stripe_customer_id]") ?? "") ?? "answered";
  }

  async passTo(now: number): Promise<void> {
    this.now = now;
    await this.admin`update private.test_clock set at = ${iso(now)}`;
    await this.control("/_sim/clock", { advanceSeconds: 0 });
  }

  async control<Answer>(path: string, body?: unknown): Promise<Answer> {
    const request = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return await (await this.simulator.fetch(this.simulator.url + path, request)).json();
  }

  async meterEvents(): Promise<MeterEventRecord[]> {
    return (await this.control<{ meterEvents: MeterEventRecord[] }>("/_sim/meter-events")).meterEvents;
  }

  async send(): Promise<void> {
    await this.rpc("ask_for_metering");
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const sleep = () => Promise.resolve();
    const dependencies = { db: this.db, stripe: () => Promise.resolve(this.stripe), log, sleep };
    for (const id of await this.jobs("meter-usage")) await meterUsage(id, dependencies);
  }

  async compare(): Promise<void> {
    await this.rpc("ask_for_comparisons");
    for (const id of await this.jobs("compare-meters")) await compareMeters(id, this);
  }

  private async rpc(name: string): Promise<void> {
    await this.db.rpc(name as never, { p_limit: 500 } as never).abortSignal(AbortSignal.timeout(5000));
  }

  private async jobs(kind: string): Promise<string[]> {
    const jobs = await this.admin<{ message: { customerId: string } }[]>`
      delete from pgmq.q_jobs_billing where message ->> 'kind' = ${kind} returning message`;
    return jobs.map(({ message }) => message.customerId);
  }

  /** The webhook stores a thin event and its job applies it, unless it was lost. */
  async receiveThin(fate: Story["thin"], isAtEnd: boolean): Promise<void> {
    if (fate === "lost" || (fate === "late") !== isAtEnd) return;
    const { thinEvents } = await this.control<{ thinEvents: ThinEventRecord[] }>("/_sim/thin-events");
    for (const { id, event } of thinEvents) {
      await this.admin`select public.record_stripe_event(${id}, ${event.type}, ${event.created},
        ${this.admin.json(event as never)})`;
      await applyThinEvent(id, this);
      if (fate === "twice") await applyThinEvent(id, this);
      seen.thin++;
    }
  }
}

class Customer {
  readonly periods: { starts: number; ends: number; isRead: boolean; billed: Record<string, number> | null }[] = [];
  private readonly user = crypto.randomUUID();

  private constructor(readonly id: string, readonly script: Script, private readonly world: World) {}

  static async create(script: Script, world: World): Promise<Customer> {
    const { id } = await world.stripe.customers.create({});
    const customer = new Customer(id, script, world);
    const { admin } = world;
    await admin`insert into private.billing_customers (stripe_customer_id, user_id) values (${id}, ${customer.user})`;
    for (const kind of KINDS) {
      await admin`insert into private.metered_items (subscription_id, kind, item_id, price_id, since)
        values (${customer.subscription}, ${kind}, ${`si_${kind}`}, ${`price_${kind}`}, '2026-01-01')`;
    }
    const ends = FIRST + script.anchorMinutes * 60_000 + script.anchorSeconds * 1000;
    await customer.addPeriod(ends - 28 * DAY);
    return customer;
  }

  private get subscription() {
    return `sub_${this.id}`;
  }

  private async addPeriod(starts: number): Promise<void> {
    const ends = starts + 28 * DAY;
    this.periods.push({ starts, ends, isRead: false, billed: null });
    await this.world.admin`
      insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
      values (${this.subscription}, ${iso(starts)}, ${iso(ends)}, ${this.user}, ${this.id}, 'usd')`;
  }

  /** Stripe's side until now: the next period, and invoices that bill what was counted when they became final. */
  async follow(): Promise<void> {
    const { now } = this.world;
    while (this.periods.at(-1)!.ends <= now) await this.addPeriod(this.periods.at(-1)!.ends);
    for (const period of this.periods) {
      if (period.ends > now) continue;
      const isFinal = now >= period.ends + this.script.graceHours * HOUR;
      if (isFinal && period.billed === null) {
        const events = await this.world.meterEvents();
        period.billed = Object.fromEntries(KINDS.map((kind) => {
          return [kind, Math.max(0, sumOf(counted(events, this.id, kind, period)))];
        }));
        seen.invoices++;
      } else if (period.isRead) continue;
      period.isRead = true;
      await this.record(period, isFinal);
    }
  }

  private async record({ starts, ends, billed }: Customer["periods"][number], isFinal: boolean): Promise<void> {
    const finalisesAt = iso(ends + this.script.graceHours * HOUR);
    const metered = Object.entries(billed ?? {}).map(([kind, quantity]) => ({ kind, quantity: String(quantity) }));
    await this.world.admin`select public.record_invoice(${
      this.world.admin.json({
        id: `in_${this.id}_${starts}`,
        stripe_customer_id: this.id,
        subscription_id: this.subscription,
        status: isFinal ? "open" : "draft",
        currency: "usd",
        created_at: iso(ends),
        period_start: iso(starts),
        period_end: iso(ends),
        finalises_at: isFinal ? null : finalisesAt,
        finalised_at: isFinal ? finalisesAt : null,
        total: 0,
        amount_remaining: 0,
        billing_reason: "subscription_cycle",
        metered,
      })
    }, public.next_stripe_read())`;
  }

  async use({ rows, rejected, calls }: Step): Promise<void> {
    const { admin, now } = this.world;
    this.world.calls.set(this.id, calls);
    for (const { kind, units, daysBack } of rows) {
      const at = now - daysBack * DAY;
      const period = this.periods.find(({ starts, ends }) => starts <= at && at < ends)!;
      await admin`
        insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start,
          period_end, currency, count, units, amount)
        values (${this.user}, ${kind}, ${iso(at).slice(0, 10)}, 'USD', ${this.subscription}, ${this.id},
          ${iso(period.starts)}, ${iso(period.ends)}, 'usd', 1, ${units}, ${units / 10_000})`;
      await admin`select private.set_metering_due(${this.id}, private.present())`;
    }
    if (rejected > 0) {
      const fault = {
        meterEvents: "reject",
        code: "meter_event_customer_not_found",
        times: rejected,
        customer: this.id,
      };
      await this.world.control("/_sim/faults", fault);
    }
  }

  judge(events: MeterEventRecord[], rows: Row[], alerts: string[]): void {
    for (const kind of KINDS) {
      const ours = rows.filter((row) => row.stripe_customer_id === this.id && row.kind === kind);
      const theirs = events.filter(({ event }) =>
        event.payload.stripe_customer_id === this.id && event.event_name === `switchboard_${kind}`
      );
      const about = tell(this, kind, ours, theirs);
      const usage = ours.filter(({ reason }) => reason === "usage");
      const waiting = ours.filter(({ state }) => state !== "accepted");
      assert.ok(waiting.every(({ state, units }) => state === "pending" && units < 0), `not sent, ${about}`);
      const rejections = theirs.filter(({ status }) => status === "rejected");
      const again = ours.filter(({ reason }) => reason === "rejection");
      // Each rejected event was sent again by its units once, and nothing else was. A row of unknown outcome is sent again
      // by itself, or as what else is missing of its day.
      if (this.script.steps.every(({ calls }) => calls === "answered")) {
        assert.equal(unitsOf(again), sumOf(rejections), `sent again, ${about}`);
      }
      // The invoices and the open period have all usage that is not waiting for room.
      const billed = this.periods.map((period) =>
        period.billed?.[kind] ?? sumOf(counted(events, this.id, kind, period))
      );
      assert.equal(sum(billed), unitsOf(usage) - unitsOf(waiting), `billed, ${about}`);
      seen.rejected += rejections.length;
      seen.twice += again.filter(({ id }) => rejections.some(({ event }) => event.identifier.startsWith(id))).length;
      seen.negative += again.filter(({ units }) => units < 0).length;
      seen.unbilled += ours.filter(({ reason }) => reason === "unbilled").length;
      seen.unknown += ours.filter(({ tries }) => tries > 1).length;
      seen.compared += ours.filter(({ rejections }) => rejections > 0).length;
    }
    // All that was rejected and sent again has arrived, and nothing else was different.
    const ours = rows.filter((row) => row.stripe_customer_id === this.id);
    const theirs = events.filter(({ event }) => event.payload.stripe_customer_id === this.id);
    const isWaiting = (alert: string) =>
      ours.some(({ reason, kind, day, state }) =>
        reason === "rejection" && state === "pending" && alert.startsWith(`meter_rejection ${this.id} ${kind} ${day} `)
      );
    const open = alerts.filter((alert) => alert.includes(this.id) && !isWaiting(alert));
    assert.deepEqual(open, [], tell(this, "all", ours, theirs));
  }
}

interface Row {
  id: string;
  stripe_customer_id: string;
  kind: string;
  reason: string;
  day: string;
  state: string;
  units: number;
  tries: number;
  rejections: number;
  period_start: string;
  billed_start: string | null;
  event_at: string | null;
  accepted_at: string | null;
  created_at: string;
}

function counted(
  events: MeterEventRecord[],
  id: string,
  kind: string,
  { starts, ends }: { starts: number; ends: number },
) {
  return events.filter(({ event, status }) =>
    status === "counted" && event.payload.stripe_customer_id === id && event.event_name === `switchboard_${kind}` &&
    starts <= event.timestamp * 1000 && event.timestamp * 1000 < ends
  );
}

/** The rows and the events of a customer and kind, as a story. */
function tell({ id, periods }: Customer, kind: string, rows: Row[], events: MeterEventRecord[]): string {
  return [
    `${id} ${kind}`,
    ...periods.map(({ starts, ends, billed }) => `period ${iso(starts)} to ${iso(ends)} ${JSON.stringify(billed)}`),
    ...rows.map((row) =>
      [
        ...["row", row.id.slice(-4), row.reason, row.day, row.units, row.state, "billed", row.billed_start],
        ...["at", row.event_at, "of", row.period_start, "written", row.created_at, "accepted", row.accepted_at],
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
const sumOf = (events: MeterEventRecord[]) => sum(events.map(({ event }) => Number(event.payload.value)));
const unitsOf = (rows: Row[]) => sum(rows.map(({ units }) => units));

async function replay(
  { scripts, minutes, thin, metering }: Story,
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
    for (const [round, of] of minutes.entries()) {
      await world.passTo(world.now + of * 60_000);
      for (const customer of customers) {
        await customer.follow();
        await customer.use(customer.script.steps[round]!);
      }
      await world.send();
      await world.receiveThin(thin, false);
      await world.compare();
    }
    world.calls.clear();
    // A rejection that no event of a round has used would meet what is sent later.
    await world.simulator.fetch(`${world.simulator.url}/_sim/faults`, { method: "DELETE" });
    await world.receiveThin(thin, true);
    if (thin === "lost") seen.lost++;
    for (let half = 0; half < REST_DAYS * 2; half++) {
      await world.passTo(world.now + 12 * HOUR + 60_000);
      for (const customer of customers) await customer.follow();
      await world.send();
      await world.compare();
    }
    const events = await world.meterEvents();
    const rows = await admin<Row[]>`
      select id, stripe_customer_id, kind, reason, day, state, units::integer, tries, rejections, period_start,
        billed_start, event_at, accepted_at, created_at from private.billing_rows order by number`;
    const alerts = await admin<{ subject: string; kind: string; details: unknown; settled: boolean }[]>`
      select subject, kind, details, settled_at is not null as settled from public.operator_alerts`;
    seen.alerts += alerts.filter(({ kind }) => kind === "meter_rejection").length;
    const [{ cut }] = await admin<[{ cut: number }]>`
      select count(*)::integer as cut from (select from private.meter_days
        group by stripe_customer_id, kind, day having count(*) > 1) d`;
    seen.cut += cut;
    const open = alerts.filter(({ kind, settled }) => !settled && (kind === "meter_rejection" || kind === "metering"));
    for (const customer of customers) {
      customer.judge(
        events,
        rows,
        open.map(({ kind, subject, details }) => `${kind} ${subject} ${JSON.stringify(details)}`),
      );
    }
  } finally {
    await world.simulator.stop();
  }
}

Deno.test("whatever events Stripe rejects, and whichever thin events are lost, each rejected unit is sent again exactly once and billed", async () => {
  await using database = await startTestDatabase();
  const admin = connect(database.url, "postgres", 1);
  const service = connect(database.url, "service_role", 4);
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
      { numRuns: RUNS, endOnFailure: true, examples: [[quiet]] },
    );
  } finally {
    await admin.end();
    await service.end();
  }
  console.log(`figures: ${RUNS * CUSTOMERS} histories: ${JSON.stringify(seen)}`);
  const { thin: _thin, twice: _twice, unbilled: _unbilled, ...many } = seen;
  const { rejected, alerts, invoices } = seen;
  // A few runs may reject no correction, and may leave no row whose outcome only a summary tells.
  const always = RUNS < 10 ? { rejected, alerts, invoices } : many;
  assert.ok(Object.values(always).every((count) => count > 0), JSON.stringify(seen));
});
