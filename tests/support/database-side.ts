import postgres from "postgres";
import { onEachQueue } from "./queues.ts";
import type { StackState } from "../../local/stack-state.ts";

/** A job on the queue of its lane. */
export type Job = Readonly<Record<string, unknown>> & { kind: string };

export interface StoredPreferences {
  sid: string | null;
  /** The sealed token. */
  token: string | null;
  status: string;
}

/** The database as its owner sees it, including what no API shows, and ways to move time. */
export interface DatabaseSide extends AsyncDisposable {
  sql: postgres.Sql;
  /** Puts a job on the queue of its lane, due at once. Returns its id, which is unique in its lane. */
  enqueue(job: Job): Promise<number>;
  /** Makes the waiting jobs of a tenant, or of an event, due now instead of in seconds or hours. */
  hurry(id: string): Promise<void>;
  /** Like `hurry`, and also makes jobs due that a killed process had claimed. */
  abandon(id: string): Promise<void>;
  /** Whether no job of a tenant, or of an event, is left to do. */
  isQuiet(id: string): Promise<boolean>;
  /** Sets an operator's hold on a tenant, or ends it. */
  hold(userId: string, status: "suspended" | "closed" | null): Promise<void>;
  /** The tenant's row as stored, including the sealed token. */
  preferencesOf(userId: string): Promise<StoredPreferences | undefined>;
  /** Makes the tenant's messages and purchases older, as if time had passed. */
  age(userId: string, seconds: number): Promise<void>;
}

/** The database of a running stack. Close it with `await using`, or dispose of it. */
export function databaseSide({ dbUrl }: StackState): DatabaseSide {
  const sql = postgres(dbUrl, { max: 2, onnotice: () => {} });
  return {
    sql,
    async enqueue(job) {
      const [sent] = await sql<{ id: string }[]>`select private.enqueue(${sql.json(job as postgres.JSONValue)}) as id`;
      return Number(sent?.id);
    },
    async hurry(id) {
      // A job that a drain has just claimed, for its 150 seconds, is left alone: it is being done.
      await onEachQueue(sql, (queue) =>
        sql`
        update ${queue} set vt = now()
        where ${id} in (message ->> 'userId', message ->> 'eventId') and vt > now()
          and vt - now() not between '125 seconds' and '150 seconds'`);
    },
    async abandon(id) {
      await onEachQueue(sql, (queue) =>
        sql`
        update ${queue} set vt = now() where ${id} in (message ->> 'userId', message ->> 'eventId') and vt > now()`);
    },
    async isQuiet(id) {
      const [waiting] = await sql<{ n: number }[]>`
        select count(*)::int as n from private.jobs where ${id} in (message ->> 'userId', message ->> 'eventId')`;
      return waiting?.n === 0;
    },
    async hold(userId, status) {
      await sql.begin(async (tx) => {
        await tx`
          insert into private.tenancies (user_id, operator_hold) values (${userId}, ${status})
          on conflict (user_id) do update set operator_hold = excluded.operator_hold`;
        await tx`select private.ask_for_convergence(${userId})`;
      });
    },
    async preferencesOf(userId) {
      const [row] = await sql<StoredPreferences[]>`
        select twilio_subaccount_sid as sid, twilio_subaccount_auth_token_encrypted as token, twilio_subaccount_status as status
        from public.user_preferences where user_id = ${userId}`;
      return row;
    },
    async age(userId, seconds) {
      const gone = `${seconds} seconds`;
      await sql.begin(async (tx) => {
        // Replica mode runs no triggers, which would set updated_at to now.
        await tx`set local session_replication_role = replica`;
        await tx`
          update public.sms_messages set created_at = created_at - ${gone}::interval, sent_at = sent_at - ${gone}::interval,
            status_updated_at = status_updated_at - ${gone}::interval where user_id = ${userId}`;
        await tx`
          update private.awaited_reports r set due_at = due_at - ${gone}::interval
          from public.sms_messages m where m.id = r.message_id and m.user_id = ${userId}`;
        await tx`update private.due_work set done_until = null where user_id = ${userId}`;
        await tx`
          update public.sms_conversations set last_message_at = last_message_at - ${gone}::interval,
            read_until = read_until - ${gone}::interval where user_id = ${userId}`;
        // Triggers keep these totals, by the day and the hour of a message.
        await tx`delete from private.usage_totals where user_id = ${userId} and kind <= 'mms_in'`;
        await tx`
          insert into private.usage_totals (user_id, day, kind, unit, count, segments, price, cost)
          select m.user_id, private.utc_day(m.created_at), m.kind, private.charge_unit(m.price_unit, m.price_is_foreign), count(*),
            sum(greatest(m.num_segments, 1)), sum(m.tenant_price), sum(m.cost)
          from public.sms_messages m where m.user_id = ${userId} and private.counts(m.status) group by 1, 2, 3, 4`;
        await tx`delete from private.sending_totals where user_id = ${userId}`;
        await tx`
          insert into private.sending_totals (user_id, hour, messages, spend, price)
          select m.user_id, private.hour_of(m.created_at), count(*) filter (where m.direction = 'outbound'), sum(m.cost),
            sum(m.tenant_price)
          from public.sms_messages m where m.user_id = ${userId} and private.counts(m.status) group by 1, 2`;
        await tx`update public.user_twilio_numbers set updated_at = updated_at - ${gone}::interval where user_id = ${userId}`;
      });
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }),
  };
}
