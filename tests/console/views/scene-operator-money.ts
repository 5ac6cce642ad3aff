import type postgres from "postgres";
import type { StackState } from "../../../local/stack-state.ts";
import { databaseSide } from "../../support/database-side.ts";

type Sql = postgres.Sql;

/** Usage of a day as billing has rated it. A row of billing in one of its states. */
export interface Rated {
  userId: string;
  /** UTC. */
  day: string;
  /** What Twilio charges and what the tenant pays, both in `currency`. */
  cost: number;
  price: number;
  currency: string;
  state: "pending" | "sending" | "accepted" | "lost" | "trial";
  lossReason?: string;
  reason?: "usage" | "rejection" | "unbilled";
  refusals?: number;
  rejections?: number;
  error?: string;
}

/** Writes rows of billing, as rating and metering would in time. No job finds them: their customers are not to be metered. */
export async function rated(sql: Sql, rows: readonly Rated[]): Promise<void> {
  await sql`
    insert into private.billing_rows (user_id, kind, day, unit, reason, subscription_id, stripe_customer_id,
      period_start, period_end, count, segments, cost, price, exchange_rate, currency, amount, units, state, loss_reason,
      tries, refusals, rejections, error)
    select r."userId"::uuid, 'sms_out', r.day::date, upper(r.currency), coalesce(r.reason, 'usage')::private.billing_row_reason,
      'sub_scene', 'cus_scene', date_trunc('month', r.day::timestamp) at time zone 'UTC',
      (date_trunc('month', r.day::timestamp) + interval '1 month') at time zone 'UTC', 100, 100, r.cost, r.price, 1,
      r.currency, case when coalesce(r.reason, 'usage') = 'usage' and r.state <> 'trial' then r.price else 0 end,
      case when r.state = 'trial' then 0 else round(r.price * 10000) end, r.state::private.billing_state,
      r."lossReason"::private.loss_reason, coalesce(r.refusals, 0), coalesce(r.refusals, 0), coalesce(r.rejections, 0),
      r.error
    from jsonb_to_recordset(${sql.json(rows as unknown as postgres.JSONValue)}) as r ("userId" text, day text,
      cost numeric, price numeric, currency text, state text, "lossReason" text, reason text, refusals integer,
      rejections integer, error text)`;
}

const DAY_MS = 86_400_000;

/** The UTC day so many days ago. */
export function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}

/** The 10th of the month so many months ago. */
export function monthsAgo(months: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 10)).toISOString().slice(0, 10);
}

/** A year of usage in two currencies, with losses, what waits, and what Stripe refused. */
export async function setOperatorMoney(state: StackState, tenants: readonly [string, string]): Promise<void> {
  await using database = databaseSide(state);
  const { sql } = database;
  const [first, second] = tenants;
  const usd = { userId: first, currency: "usd", state: "accepted" } as const;
  const eur = { userId: second, currency: "eur", state: "accepted" } as const;
  const months = Array.from({ length: 11 }, (_, index) => index + 1);
  await rated(sql, [
    ...months.map((ago) => ({ ...usd, day: monthsAgo(ago), cost: 412.4 - ago * 21.37, price: 803.96 - ago * 44.11 })),
    ...months.slice(0, 5).map((ago) => ({
      ...eur,
      day: monthsAgo(ago),
      cost: 18.2 + ago * 4.05,
      price: 39.5 - ago * 2.2,
    })),
    { ...usd, state: "lost", lossReason: "no_payer", day: monthsAgo(1), cost: 31.5, price: 48 },
    { ...usd, state: "lost", lossReason: "no_payer", day: monthsAgo(3), cost: 12.25, price: 20 },
    {
      ...usd,
      state: "lost",
      lossReason: "refused",
      day: monthsAgo(2),
      cost: 2,
      price: 4,
      refusals: 5,
      error: "No such customer: cus_scene",
    },
    { ...eur, state: "lost", lossReason: "credit_owed", day: monthsAgo(2), cost: 0, price: -3.5 },
    {
      ...usd,
      state: "pending",
      day: daysAgo(6),
      cost: 3,
      price: 6,
      refusals: 2,
      error: "Timestamp is too far in the past",
    },
    { ...usd, state: "pending", day: daysAgo(1), cost: 11.5, price: 23 },
    { ...eur, state: "sending", day: daysAgo(1), cost: 0.0079, price: 0.0158 },
    { ...usd, state: "pending", day: monthsAgo(1), cost: 0, price: 1.25, reason: "rejection", rejections: 1 },
  ]);
  await sql`insert into private.open_days (user_id, day, is_waiting, lacks_rate) values
    (${second}, ${daysAgo(5)}, true, true), (${first}, ${daysAgo(2)}, true, false) on conflict do nothing`;
  await sql`insert into private.exchange_rates (unit, currency, valid_from, rate, reason, set_by) values
    ('USD', 'eur', '2026-01-01', 0.9187, 'ECB, yearly', gen_random_uuid()),
    ('USD', 'eur', ${daysAgo(20)}, 0.8934, 'The dollar fell', gen_random_uuid()),
    ('USD', 'sek', '2099-01-01', 9.5123, 'Sweden starts', gen_random_uuid()) on conflict do nothing`;
}
