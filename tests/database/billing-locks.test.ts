import assert from "node:assert/strict";
import postgres from "postgres";
import { eventually } from "../../local/driver/eventually.ts";
import { startTestDatabase, type TestDatabase } from "../support/test-database.ts";

/**
 * Rating, sending and final bills lock the customer first and then what belongs to it. A transaction that locks anything
 * of it before the customer can wait for them in a circle.
 */
let database: TestDatabase;
let sql: postgres.Sql;
const USER = crypto.randomUUID();

Deno.test.beforeAll(async () => {
  database = await startTestDatabase();
  sql = postgres(database.url, { max: 3, onnotice: () => {} });
  await sql`insert into auth.users (id, email) values (${USER}, 'locks@example.com')`;
  await sql`insert into public.subscriptions (id, user_id, origin, stripe_customer_id, plan_key, status, currency,
      current_period_start, current_period_end, created_at)
    select 'sub_' || n, ${USER}, 'metadata', 'cus_' || n, 'team', 'active', 'usd', now() - interval '2 days',
      now() + interval '20 days', now() - interval '2 days'
    from generate_series(1, 2) n`;
  await sql`insert into private.tenancies (user_id) values (${USER}) on conflict do nothing`;
  await sql`insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_1', ${USER})`;
  await sql`insert into private.usage_totals (user_id, day, kind, unit, count, segments, price, cost)
    select ${USER}, private.utc_day(now()), 'sms_out', 'USD', 1, 1, 1, 1`;
  await sql`insert into private.stripe_invoices (id, stripe_customer_id, subscription_id, status, currency, created_at, total,
      period_start)
    select 'in_1', 'cus_1', 'sub_1', 'draft', 'usd', now() + interval '20 days', 0, b.starts_at from private.billing_periods b
    where b.subscription_id = 'sub_1'`;
  await sql`insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start,
      period_end, currency, units, state, event_at, billed_start)
    select ${USER}, 'sms_out', private.utc_day(now()), 'USD', 'sub_1', 'cus_1', b.starts_at, b.ends_at, 'usd', 10, 'sending', now(),
      b.starts_at from private.billing_periods b where b.subscription_id = 'sub_1'`;
  await sql`update private.billing_rows set state = 'accepted', accepted_at = now()`;
});
Deno.test.afterAll(async () => {
  await sql.end();
  await database[Symbol.asyncDispose]();
});

const WRITES: [string, (tx: postgres.TransactionSql) => Promise<unknown>][] = [
  ["a change of plan", (tx) => tx`update public.subscriptions set plan_key = 'scale' where id = 'sub_1'`],
  [
    "the end of a subscription",
    (tx) => tx`update public.subscriptions set status = 'canceled', ended_at = now() where id = 'sub_1'`,
  ],
  ["record_cancellation", (tx) => tx`select public.record_cancellation('sub_1', now(), true, null)`],
  ["forget_invoice", (tx) => tx`select public.forget_invoice('in_1', 9)`],
  [
    "note_meter_errors",
    (tx) =>
      tx`select public.note_meter_errors('sms_out', false, now() - interval '1 hour', now(), '{}', '{archived_meter}')`,
  ],
];

for (const [title, write] of WRITES) {
  test(`${title} locks the customer before anything that belongs to it`, write, async (customer) => {
    await customer`select from private.billing_customers for update`;
  }, async (customer) => {
    await customer`select from private.billing_periods for update`;
    await customer`select from private.own_subscriptions for update`;
    await customer`select from private.due_work where user_id = ${USER} and kind = 'rating' for update`;
    await customer`select from private.stripe_invoices for update`;
    await customer`select from private.meter_days for update`;
    await customer`insert into private.final_bills (subscription_id, user_id, stripe_customer_id, ended_at)
      values ('sub_1', ${USER}, 'cus_1', now())`;
  });
}

test(
  "record_subscription with a new period locks the tenant before anything that is due of them",
  (tx) =>
    tx`select public.record_subscription('sub_2', 'cus_2', ${USER}, 'metadata', ${USER}, 'active', ${
      tx.json([{
        ...{ id: "price_1", lookupKey: "team", meter: null },
        ...{ periodStart: new Date().toISOString(), periodEnd: "2037-01-01T00:00:00Z" },
      }])
    }, false, null, null, now(), 1)`,
  async (tenant) => {
    await tenant`select from private.tenancies where user_id = ${USER} for update`;
  },
  async (tenant) => {
    await tenant`select from private.due_work where user_id = ${USER} for update`;
    await tenant`insert into private.due_work (user_id, kind, due_at)
      select ${USER}, k, now() from unnest(enum_range(null::private.due_kind)) k on conflict do nothing`;
  },
);

type Locks = (holder: postgres.ReservedSql) => Promise<void>;

/** While another transaction has the first lock, a write waits for it and holds none of the others. */
function test(
  title: string,
  write: (tx: postgres.TransactionSql) => Promise<unknown>,
  takeFirst: Locks,
  takeOthers: Locks,
): void {
  Deno.test({
    name: title,
    sanitizeOps: false, // the connections outlive a test
    sanitizeResources: false,
    fn: async () => {
      const holder = await sql.reserve();
      const other = await sql.reserve();
      const [{ pid }] = await other<[{ pid: number }]>`select pg_backend_pid() as pid`;
      let writing: Promise<void> = Promise.resolve();
      try {
        await holder`begin`;
        await holder`set local lock_timeout = '100ms'`;
        await takeFirst(holder);
        await other`begin`;
        // A query is sent when it is first awaited.
        writing = write(other as unknown as postgres.TransactionSql).then(() => {});
        await eventually("the write to wait", async () => {
          const [{ waits }] = await sql<[{ waits: boolean }]>`
            select cardinality(pg_blocking_pids(${pid})) > 0 as waits`;
          return waits || undefined;
        });
        await assert.doesNotReject(() => takeOthers(holder));
      } finally {
        await holder`rollback`;
        await writing.finally(() => other`rollback`);
        holder.release();
        other.release();
      }
    },
  });
}
