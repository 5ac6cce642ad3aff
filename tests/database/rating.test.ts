import assert from "node:assert/strict";
import fc from "fast-check";
import type postgres from "postgres";
import { connect } from "../faults/harness/database.ts";
import { startTestDatabase } from "../support/test-database.ts";

// Random histories of usage, rated at random moments, against a fold over all uses that shares no code with rating.
// Money is in hundred-thousandths of a currency, and rates in ten-thousandths.

const HISTORIES = Number(Deno.env.get("RATING_HISTORIES") ?? "40");
const USER = "a0000000-0000-4000-8000-000000000001";
const START = Date.parse("2026-01-01T00:00:00Z");
const HOUR = 3_600_000;
/** Usage is between these hours of the month, in which the boundaries lie. */
const HOURS = 24 * 8;
const KINDS = ["sms_out", "sms_in", "mms_out", "number", "fee"] as const;
type Kind = typeof KINDS[number];

/** A moment: a whole hour, and the microseconds around it. */
const moment = fc.tuple(fc.nat(HOURS - 1), fc.constantFrom(-1, 0, 0, 1)).map(([hour, micros]) =>
  Math.max(0, hour * HOUR * 1000 + micros)
);
const use = fc.record({
  op: fc.constant("use" as const),
  at: moment,
  kind: fc.constantFrom(...KINDS, "sms_out" as const, "sms_out" as const),
  amount: fc.integer({ min: 1, max: 4 }),
  estimate: fc.integer({ min: 0, max: 3000 }),
  price: fc.option(fc.integer({ min: -100, max: 3000 }), { freq: 2 }),
});
const change = fc.record({
  op: fc.constantFrom("price" as const, "not_sent" as const, "sent" as const, "failed" as const, "delete" as const),
  which: fc.nat(1000),
  price: fc.integer({ min: 0, max: 3000 }),
});
const step = fc.oneof(
  { weight: 8, arbitrary: use },
  { weight: 5, arbitrary: change },
  { weight: 4, arbitrary: fc.record({ op: fc.constant("rate" as const), isFinal: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("wait" as const), hours: fc.constantFrom(1, 13, 48, 50) }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("boundary" as const), hours: fc.integer({ min: 49, max: 95 }) }),
  },
);
const history = fc.record({
  steps: fc.array(step, { minLength: 10, maxLength: 40 }),
  /** Hours: when the subscription, its second period, its metering of SMS, and another version of the plan begin. */
  begins: fc.integer({ min: 0, max: 48 }),
  renews: fc.integer({ min: 49, max: 96 }),
  metered: fc.integer({ min: 0, max: 72 }),
  upgrades: fc.integer({ min: 97, max: 180 }),
  isTrial: fc.boolean(),
  included: fc.record({ sms_out: fc.nat(12), sms_in: fc.nat(3), mms_out: fc.nat(2), number: fc.nat(2) }),
  rate: fc.integer({ min: 1, max: 20_000 }),
  ratesKnown: fc.boolean(),
});
type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

interface Use {
  id: string;
  at: number;
  kind: Kind;
  amount: number;
  cost: number;
  isPriced: boolean;
  plan: string;
  status: string;
}
const iso = (micros: number) =>
  new Date(START + Math.floor(micros / 1000)).toISOString().replace("Z", "") +
  String(((micros % 1000) + 1000) % 1000).padStart(3, "0") + "Z";
const hours = (count: number) => count * HOUR * 1000;
const isMessage = (kind: Kind) => kind !== "number" && kind !== "fee";

/** What the rows of each period, kind and outcome must add up to, and the units of each period and kind. */
function fold(uses: Iterable<Use>, { begins, renews, metered, upgrades, isTrial, included, rate }: History) {
  const ends = 28 * 24;
  const periods = [{ from: begins, until: renews }, { from: renews, until: ends }].map((period) => ({
    ...period,
    isTrial: isTrial && period.from === begins,
  }));
  const sums = new Map<string, { count: number; segments: number; price: bigint; included: bigint; amount: bigint }>();
  const units = new Map<string, bigint>();
  const used = new Map<string, number>();
  const inOrder = [...uses].filter(({ status }) => status !== "not_sent" && status !== "deleted")
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  for (const { at, kind, amount, cost, plan } of inOrder) {
    const period = periods.find(({ from, until }) => at >= hours(from) && at < hours(until));
    const outcome = period === undefined
      ? "no_payer"
      : period.isTrial
      ? "trial"
      : kind === "sms_out" && at < hours(metered)
      ? "before_metering"
      : "payer";
    // A markup of 1.5, rounded up.
    const price = BigInt(Math.max(0, Math.ceil(cost * 3 / 2)));
    let most = kind === "fee" || plan !== "team" ? 0 : included[kind];
    if (period?.from === renews) most = Math.floor(most * (upgrades - renews) / (ends - renews));
    const pool = `${period?.from} ${kind} ${plan}`;
    const before = used.get(pool) ?? 0;
    const needs = kind === "mms_out" ? 1 : amount;
    const covered = Math.max(0, Math.min(needs, most - before));
    used.set(pool, before + needs);
    const free = (price * BigInt(covered) + BigInt(needs) - 1n) / BigInt(needs);
    // The amount has nine decimals: five of the price, four of the rate.
    const billed = outcome === "trial" ? 0n : (price - free) * (period === undefined ? 10_000n : BigInt(rate));
    const key = `${period?.from ?? "none"} ${kind} ${outcome}`;
    const sum = sums.get(key) ?? { count: 0, segments: 0, price: 0n, included: 0n, amount: 0n };
    sums.set(key, {
      count: sum.count + (isMessage(kind) ? 1 : amount),
      segments: sum.segments + (isMessage(kind) ? amount : 0),
      price: sum.price + price,
      included: sum.included + free,
      amount: sum.amount + billed,
    });
    units.set(key, (units.get(key) ?? 0n) + billed);
  }
  for (const [key, billed] of units) {
    // Rounded once, half up: toward positive infinity.
    const doubled = 2n * billed + 100_000n;
    units.set(key, doubled >= 0n ? doubled / 200_000n : -((-doubled + 199_999n) / 200_000n));
  }
  return {
    sums: Object.fromEntries(
      [...sums].filter(([, sum]) => Object.values(sum).some((value) => BigInt(value) !== 0n)).map(([key, sum]) => [
        key,
        Object.values(sum).map(String),
      ]).sort(),
    ),
    units: Object.fromEntries(
      [...units].filter(([, value]) => value !== 0n).map(([key, value]) => [key, `${value}`])
        .sort(),
    ),
  };
}

/** The same of the rows that were written. */
async function written(sql: postgres.Sql, { begins, renews }: History) {
  const name = (start: string | null) => {
    const hour = start === null ? "none" : (Date.parse(start) - START) / HOUR;
    assert.ok(["none", begins, renews].includes(hour as number), `No period starts at hour ${hour}`);
    return hour;
  };
  const sums = await sql`
    select case when subscription_id is not null then period_start end as starts, kind, private.outcome_of(r)::text as outcome,
      sum(count)::text as count, sum(segments)::text as segments, (sum(price) * 100000)::bigint::text as price,
      (sum(included) * 100000)::bigint::text as included, (sum(amount) * 1000000000)::numeric(40, 0)::text as amount
    from private.billing_rows r group by 1, 2, 3
    having (sum(count), sum(segments), sum(price), sum(included), sum(amount)) <> (0, 0, 0, 0, 0)`;
  const units = await sql`
    select case when subscription_id is not null then period_start end as starts, kind, private.outcome_of(r)::text as outcome,
      sum(units)::text as units, sum(amount) * 10000 = sum(units) + (array_agg(remainder order by number desc))[1] as adds_up,
      bool_and(remainder >= -0.5 and remainder < 0.5) as is_small
    from private.billing_rows r group by 1, 2, 3`;
  for (const row of units) assert.ok(row.adds_up && row.is_small, `The units do not add up: ${JSON.stringify(row)}`);
  return {
    sums: Object.fromEntries(
      sums.map((row) => [`${name(row.starts)} ${row.kind} ${row.outcome}`, [
        row.count,
        row.segments,
        row.price,
        row.included,
        row.amount,
      ]]).sort(),
    ),
    units: Object.fromEntries(
      units.filter((row) => row.units !== "0").map((
        row,
      ) => [`${name(row.starts)} ${row.kind} ${row.outcome}`, row.units]).sort(),
    ),
  };
}

class Life {
  readonly uses: Use[] = [];
  #present = HOURS / 3;

  constructor(readonly sql: postgres.Sql, readonly history: History) {}

  async begin(): Promise<void> {
    const { sql, history: h } = this;
    await this.wait(0);
    await sql`update public.plans set markup = 1.5, included_sms_out = ${h.included.sms_out},
      included_sms_in = ${h.included.sms_in}, included_mms_out = ${h.included.mms_out},
      included_numbers = ${h.included.number} where key = 'team'`;
    await sql`insert into private.own_subscriptions (subscription_id, since, until, user_id, plan_key, plan_rank,
        is_running, created_at)
      values ('sub_1', '-infinity', ${iso(hours(h.upgrades))}, ${USER}, 'team', 1, true, now()),
        ('sub_1', ${iso(hours(h.upgrades))}, null, ${USER}, 'scale', 1, true, now())`;
    await sql`insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id,
        currency, is_trial)
      values ('sub_1', ${iso(hours(h.begins))}, ${iso(hours(h.renews))}, ${USER}, 'cus_1', 'eur', ${h.isTrial}),
        ('sub_1', ${iso(hours(h.renews))}, ${iso(hours(28 * 24))}, ${USER}, 'cus_1', 'eur', false)`;
    await sql`insert into private.metered_items (subscription_id, kind, item_id, price_id, since)
      select 'sub_1', k, 'si_' || k, 'price', case k when 'sms_out' then ${iso(hours(h.metered))}::timestamptz
        else '-infinity' end from unnest(enum_range(null::public.usage_kind)) k`;
    if (h.ratesKnown) await this.setRate();
  }

  async setRate(): Promise<void> {
    await this.sql`select public.set_exchange_rate('USD', 'eur', '2025-01-01', ${this.history.rate / 10_000}, ${USER},
      'test', 'test')`;
  }

  async wait(more: number): Promise<void> {
    this.#present += more;
    await this.sql`select set_config('test.present', ${iso(hours(this.#present))}, true)`;
  }

  async rate(isFinal: boolean): Promise<number> {
    const [rated] = await this.sql`select private.rate_usage(${USER}, ${isFinal})::integer as rows`;
    return rated!.rows;
  }

  async use({ at, kind, amount, estimate, price }: Extract<History["steps"][number], { op: "use" }>): Promise<void> {
    const { sql, history } = this;
    const id = `b0000000-0000-4000-8000-${String(this.uses.length).padStart(12, "0")}`;
    const plan = at < hours(history.upgrades) ? "team" : "scale";
    if (isMessage(kind)) {
      await sql`insert into public.sms_messages (id, user_id, direction, from_number, to_number, status, account_sid,
          source, num_segments, has_media, estimated_price, price, price_unit, markup, plan_key, created_at)
        values (${id}, ${USER}, ${
        kind.endsWith("out") ? "outbound" : "inbound"
      }, '+14155550101', '+14155550199', 'sent',
          'AC1', 'subaccount', ${amount}, ${kind.startsWith("mms")}, ${estimate / 1e5},
          ${price === null ? null : -price / 1e5}, ${price === null ? null : "USD"}, 1.5, ${plan}, ${iso(at)})`;
    } else {
      await sql`insert into private.fees (id, user_id, key, kind, number_id, count, cost, markup, plan_key, charged_at)
        values (${id}, ${USER}, ${id}, ${kind === "number" ? "number" : "other"}, ${kind === "number" ? id : null},
          ${amount}, ${estimate / 1e5}, 1.5, ${plan}, ${iso(at)})`;
    }
    const isPriced = isMessage(kind) && price !== null;
    this.uses.push({ id, at, kind, amount, cost: isPriced ? price : estimate, isPriced, plan, status: "sent" });
  }

  async change({ op, which, price }: Extract<History["steps"][number], { which: number }>): Promise<void> {
    const { sql, uses } = this;
    const changed = uses[which % Math.max(1, uses.length)];
    if (changed === undefined || changed.status === "deleted") return;
    const { id } = changed;
    if (!isMessage(changed.kind)) {
      if (op === "price") {
        changed.cost = price;
        await sql`update private.fees set cost = ${price / 1e5} where id = ${id}`;
      } else if (op === "delete") {
        changed.status = "deleted";
        await sql`delete from private.fees where id = ${id}`;
      }
    } else if (op === "price") {
      changed.cost = price;
      await sql`update public.sms_messages set price = ${-price / 1e5}, price_unit = 'USD' where id = ${id}`;
    } else if (op === "delete") {
      changed.status = "deleted";
      await sql`delete from public.sms_messages where id = ${id}`;
    } else {
      changed.status = op;
      await sql`update public.sms_messages set status = ${op} where id = ${id}`;
    }
  }

  /** Stripe tells another boundary between the two periods. */
  async move(boundary: number): Promise<void> {
    const { sql, history } = this;
    await sql`update private.billing_periods set ends_at = ${iso(hours(boundary))} where starts_at < ${
      iso(hours(history.renews))
    }`;
    await sql`update private.billing_periods set starts_at = ${iso(hours(boundary))} where starts_at = ${
      iso(hours(history.renews))
    }`;
    history.renews = boundary;
  }
}

Deno.test("Whenever usage is rated, the rows add up to a fold over all uses, to the unit and the remainder", async () => {
  await using database = await startTestDatabase();
  const root = connect(database.url, "postgres", 1);
  await root.unsafe(`create or replace function private.present() returns timestamptz language sql stable
    as $$ select current_setting('test.present')::timestamptz $$`);
  await root`select set_config('test.present', '2026-01-01Z', false)`;
  await root`select private.learn_currency('USD', 'usage')`;
  let moved = 0;
  await fc.assert(
    fc.asyncProperty(history, async (drawn) => {
      const history = { ...drawn };
      await root.begin(async (sql: unknown) => {
        const life = new Life(sql as postgres.Sql, history);
        await life.begin();
        for (const one of history.steps) {
          if (one.op === "use") await life.use(one);
          else if (one.op === "rate") {
            await life.rate(one.isFinal);
            assert.equal(await life.rate(one.isFinal), 0, "Rated again, something is written");
          } else if (one.op === "wait") await life.wait(one.hours);
          else if (one.op === "boundary") {
            await life.move(one.hours);
            moved++;
          } else await life.change(one);
        }
        if (!history.ratesKnown) await life.setRate();
        await life.wait(24 * 30);
        await life.rate(false);
        assert.deepEqual(await written(life.sql, history), fold(life.uses, history));
        assert.deepEqual([...await life.sql`select day from private.open_days`], [], "Days stay open");
        throw new Rollback();
      }).catch((error: unknown) => {
        if (!(error instanceof Rollback)) throw error;
      });
    }),
    { numRuns: HISTORIES },
  );
  await root.end();
  assert.ok(moved > 0, "No history moved a boundary");
});

class Rollback extends Error {}

Deno.test("Two ratings of a tenant at once write each row once", async () => {
  await using database = await startTestDatabase();
  const sql = connect(database.url, "service_role", 4);
  await sql`select private.learn_currency('USD', 'usage')`;
  await sql`insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid,
      source, num_segments, price, price_unit, plan_key, created_at)
    select ${USER}, 'outbound', '+14155550101', '+14155550199', 'sent', 'AC1', 'subaccount', 1, -0.01, 'USD', 'team',
      now() - n * interval '3 hours' from generate_series(1, 40) n`;
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => sql`select private.rate_usage(${USER})::integer as rows`),
  );
  const [all] = await sql`
    select count(*)::integer as rows, sum(count)::integer as count from private.billing_rows`;
  assert.equal(answers.reduce((sum, [answer]) => sum + answer!.rows, 0), all!.rows);
  assert.equal(all!.count, 40);
  await sql.end();
});
