import assert from "node:assert/strict";
import postgres from "postgres";
import { startTestDatabase } from "../support/test-database.ts";

/** The messages of the large user. */
const MANY = Number(Deno.env.get("DELETION_MESSAGES") ?? "3000");
const FEW = 5;
/** The limit of one call of the erasure. */
const BATCH = 1000;

/** A user with one row in each table that grows with use for each of `count` messages. */
async function makeUser(sql: postgres.Sql, id: string, count: number): Promise<void> {
  await sql`insert into auth.users (id, email) values (${id}, ${`${id}@cost.test`})`;
  await sql`
    insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status,
      twilio_subaccount_auth_token_encrypted) values (${id}, ${`AC-${id}`}, 'active', 'v1.k1.iv.sealed')`;
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`
      insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source,
        idempotency_key, created_at)
      select ${id}, 'outbound', '+15005550101', '+1500' || (5000000 + n / 3), 'Text', 'delivered', 'AC', 'subaccount', 'key ' || n,
        now() - n * interval '1 second'
      from generate_series(1, ${count}) n`;
    await tx`
      insert into public.sms_conversations (user_id, own_number, peer_number, last_message_at)
      select user_id, own_number, peer_number, max(created_at) from public.sms_messages where user_id = ${id} group by 1, 2, 3`;
    await tx`
      insert into private.message_words (message_id, user_id, created_at, words)
      select id, user_id, created_at, private.words_of(user_id, body) from public.sms_messages where user_id = ${id}`;
    await tx`
      insert into public.sms_opt_outs (user_id, sender, recipient, keyword)
      select ${id}, '+15005550101', '+1500' || (5000000 + n), 'STOP' from generate_series(1, ${count}) n`;
    await tx`
      insert into public.campaigns (user_id, from_number, body, status, total, waiting, idempotency_key, request_hash)
      values (${id}, '+15005550101', 'Dear', 'completed', ${count}, ${count}, 'key', 'hash')`;
    await tx`
      insert into private.campaign_recipients (campaign_id, position, to_number, country)
      select c.id, n, '+1500' || (5000000 + n), 'US' from public.campaigns c, generate_series(1, ${count}) n
      where c.user_id = ${id}`;
    await tx`
      insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, status)
      select ${id}, '+1500' || (5000000 + n), ${id} || n, 'released' from generate_series(1, ${count}) n`;
    await tx`
      insert into public.audit_log (actor, action, user_id) select 'test', 'number.released', ${id}
      from generate_series(1, ${count})`;
    await tx`
      insert into private.sending_totals (user_id, hour, messages, spend) select ${id}, now() - n * interval '1 hour', 1, 0
      from generate_series(1, ${count}) n`;
  });
}

/** The rows that a statement reads and writes, in all tables, and its time in milliseconds. */
async function costOf(sql: postgres.Sql, statement: (tx: postgres.TransactionSql) => Promise<unknown>) {
  return await sql.begin(async (tx) => {
    const before = await touched(tx);
    const start = performance.now();
    await statement(tx);
    const time = performance.now() - start;
    return { rows: await touched(tx) - before, time };
  });
}

async function touched(tx: postgres.TransactionSql): Promise<number> {
  const [counted] = await tx<{ rows: number }[]>`
    select sum(seq_tup_read + idx_tup_fetch + n_tup_ins + n_tup_upd + n_tup_del)::float8 as rows
    from pg_stat_xact_all_tables where schemaname in ('auth', 'public', 'private', 'pgmq')`;
  return counted!.rows;
}

Deno.test("deleting a large user touches as many rows as deleting a small one, and the erasure's batches do not grow", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const [small, large] = [crypto.randomUUID(), crypto.randomUUID()];
  await makeUser(sql, small, FEW);
  await makeUser(sql, large, MANY);
  await sql`analyze`;

  const few = await costOf(sql, (tx) => tx`delete from auth.users where id = ${small}`);
  const many = await costOf(sql, (tx) => tx`delete from auth.users where id = ${large}`);
  const batches: { rows: number; time: number }[] = [];
  for (let outcome = "continues"; outcome !== "done";) {
    batches.push(
      await costOf(sql, async (tx) => {
        const [said] = await tx`select public.erase_messages_of_deleted_user(${large}, ${BATCH}) as outcome`;
        outcome = said!["outcome"];
      }),
    );
  }
  const most = {
    rows: Math.max(...batches.map(({ rows }) => rows)),
    time: Math.max(...batches.map(({ time }) => time)),
  };
  const [left] = await sql`
    select (select count(*)::int from public.sms_messages where user_id = ${large}) as messages,
      (select count(*)::int from public.sms_messages where user_id = ${large} and body is not null) as texts,
      (select count(*)::int from public.user_twilio_numbers where user_id = ${large}) as numbers`;
  await sql.end();
  console.log(
    `figures: deleting a user with ${FEW} and ${MANY} messages: ${few.rows} and ${many.rows} rows, ${
      few.time.toFixed(1)
    } and ${many.time.toFixed(1)} ms; ${batches.length} batches of erasure, at most ${most.rows} rows and ${
      most.time.toFixed(0)
    } ms`,
  );
  assert.ok(many.rows <= few.rows + 5, `the deletion touches ${many.rows} rows instead of ${few.rows}`);
  assert.deepEqual({ ...left }, { messages: MANY, texts: 0, numbers: 0 });
  // Each of a batch's thousand messages, with its words, its conversation, an opt-out, a recipient and a number.
  assert.ok(most.rows < 20 * BATCH, `a batch touches ${most.rows} rows`);
});
