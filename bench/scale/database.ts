import postgres from "postgres";
import { type Stack, startStack } from "../../local/stack.ts";
import { cpuNanoseconds } from "../measure.ts";
import { fill, type Size } from "./fill.ts";
import type { Statement, Tenant } from "./statements.ts";

/** A filled database on a stack of its own, with one connection as `service_role`. */
export interface Filled extends Size {
  stack: Stack;
  sql: postgres.Sql;
  /** The connection's process. */
  pid: number;
  /** Tenants whose requests are measured. Their pages are in memory, as those of active tenants are. */
  active: Tenant[];
}

const ACTIVE = 50;

/** Starts a stack and fills its database. */
export async function startFilled(size: Size, functionsDeno: string | undefined): Promise<Filled> {
  const stack = await startStack({
    ephemeral: true,
    scheduler: false,
    env: { RATE_LIMIT_FACTOR: "100000", MAX_SUBACCOUNTS: "1000000", MAX_SUBACCOUNTS_PER_DAY: "1000000" },
    ...(functionsDeno !== undefined && { functionsDeno }),
  });
  try {
    await fill(stack.sql, size);
    const active = await activeTenants(stack.sql, size);
    const sql = postgres(stack.state.dbUrl, { max: 1, onnotice: () => {} });
    const [row] = await sql`select pg_backend_pid() as pid`;
    await sql`set role service_role`;
    return { ...size, stack, sql, pid: row!["pid"], active };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Tenants of a filled database, each with a delivered message. */
export async function activeTenants(sql: postgres.Sql, { tenants }: Size): Promise<Tenant[]> {
  const active = await sql<Tenant[]>`
    select t.id, bench.number(t.n) as number, bench.account(t.n) as account, 'cus_' || t.n as customer,
      m.peer_number as peer, m.id as "messageId", m.twilio_message_sid as "messageSid", split_part(m.body, ' ', 1) as word
    from (select bench.tenant(n) as id, n from (
      select (a * ${tenants} / ${ACTIVE} / 10 * 10 + 1) as n from generate_series(0, ${ACTIVE - 1}) a) s) t
    cross join lateral (
      select * from public.sms_messages m
      where m.user_id = t.id and m.status = 'delivered' order by m.created_at desc limit 1) m`;
  if (active.length === 0) throw new Error("Cannot measure: no tenant has a delivered message; raise --messages");
  return active;
}

/** What a statement took, in milliseconds. */
export interface Took {
  wall: number;
  /** Of the connection's process. Unlike the time that passed, it is about the same on a busy machine. */
  cpu: number;
}

/** Runs a statement for one of the active tenants. Nothing it changes stays. After `timeoutMs` it is canceled. */
export async function timeOf(
  { sql, pid, active }: Filled,
  { run }: Statement,
  turn: number,
  timeoutMs: number,
): Promise<Took> {
  let took: Took = { wall: timeoutMs, cpu: timeoutMs };
  const rollback = new Error("rolled back");
  await sql.begin(async (transaction) => {
    await transaction`select set_config('statement_timeout', ${String(timeoutMs)}, true)`;
    const cpu = await cpuNanoseconds([pid]);
    const began = performance.now();
    await run(transaction, active[turn % active.length]!);
    const wall = performance.now() - began;
    took = { wall, cpu: (await cpuNanoseconds([pid]) - cpu) / 1e6 };
    throw rollback;
  }).catch((error) => {
    const isCanceled = error instanceof postgres.PostgresError && error.code === QUERY_CANCELED;
    if (error !== rollback && !isCanceled) throw error;
  });
  return took;
}

const QUERY_CANCELED = "57014";
