import type postgres from "postgres";

/** A tenant of a filled database, with a message of theirs that Twilio has and one of their words. */
export interface Tenant {
  id: string;
  number: string;
  account: string;
  /** The customer at Stripe. */
  customer: string;
  /** The other number of the message. */
  peer: string;
  messageId: string;
  messageSid: string;
  word: string;
}

/** A statement that the functions or their jobs run. Every run is rolled back. */
export interface Statement {
  name: string;
  run(sql: postgres.TransactionSql, tenant: Tenant): postgres.PendingQuery<postgres.Row[]>;
}

/** What the jobs run at their schedules, with the limits of the functions. None may take long, with any number of tenants. */
export const SCHEDULED: readonly Statement[] = [
  { name: "enqueue_due_schedules", run: (sql) => sql`select private.enqueue_due_schedules()` },
  { name: "claim_jobs", run: (sql) => sql`select * from public.claim_jobs('control', 8, 150)` },
  { name: "ask_for_drifted_convergence", run: (sql) => sql`select public.ask_for_drifted_convergence(200)` },
  { name: "ask_for_number_syncs", run: (sql) => sql`select public.ask_for_number_syncs(100)` },
  { name: "ask_for_usage_syncs", run: (sql) => sql`select public.ask_for_usage_syncs('AC', 200)` },
  { name: "usage_sync_state", run: (sql) => sql`select * from public.usage_sync_state()` },
  { name: "charge_number_fees", run: (sql) => sql`select public.charge_number_fees(500)` },
  { name: "check_due_spending", run: (sql) => sql`select public.check_due_spending(200)` },
  { name: "reconcile_due_days", run: (sql) => sql`select public.reconcile_due_days(50)` },
  { name: "numbers_to_price", run: (sql) => sql`select * from public.numbers_to_price(100)` },
  { name: "ask_for_usage_triggers", run: (sql) => sql`select public.ask_for_usage_triggers(100)` },
  { name: "ask_for_rating", run: (sql) => sql`select public.ask_for_rating(500)` },
  { name: "ask_for_metering", run: (sql) => sql`select public.ask_for_metering(500)` },
  { name: "ask_for_comparisons", run: (sql) => sql`select public.ask_for_comparisons(100)` },
  { name: "close_due_periods", run: (sql) => sql`select public.close_due_periods(200)` },
  { name: "ask_for_final_bills", run: (sql) => sql`select public.ask_for_final_bills(100)` },
  {
    name: "claim_unmetered_subscriptions",
    run: (sql) => sql`select * from public.claim_unmetered_subscriptions(20)`,
  },
  { name: "describe_health", run: (sql) => sql`select public.describe_health(1000)` },
  { name: "count_unpaid_accounts", run: (sql) => sql`select public.count_unpaid_accounts(100)` },
  { name: "purge_expired", run: (sql) => sql`select * from public.purge_expired(1000)` },
  { name: "ask_for_due_token_rotations", run: (sql) => sql`select public.ask_for_due_token_rotations(90, 50)` },
  { name: "ask_for_due_redactions", run: (sql) => sql`select public.ask_for_due_redactions(200)` },
  { name: "forget_previous_tokens", run: (sql) => sql`select public.forget_previous_tokens(500)` },
  { name: "forget_rate_limits", run: (sql) => sql`select public.forget_rate_limits()` },
  { name: "stale_number_reservations", run: (sql) => sql`select * from public.stale_number_reservations(60, 50)` },
  { name: "stale_number_releases", run: (sql) => sql`select * from public.stale_number_releases(60, 50)` },
  { name: "unsettled_messages", run: (sql) => sql`select * from public.unsettled_messages(30, 50)` },
  { name: "unfinished_messages", run: (sql) => sql`select * from public.unfinished_messages(10, 2000)` },
  {
    name: "tokens_to_reseal",
    run: (sql) => sql`select * from public.tokens_to_reseal('k2', '{k1,k2}', null, null, 100)`,
  },
  { name: "sealing_keys_in_use", run: (sql) => sql`select * from public.sealing_keys_in_use()` },
  {
    name: "record_sweep_page",
    run: (sql) =>
      sql`
        select * from public.record_sweep_page((select max(id) from private.sweeps), (
          select jsonb_agg(jsonb_build_object('sid', bench.account(n), 'status', 'active', 'userId', bench.tenant(n)))
          from generate_series(1, 500) n), null)`,
  },
  {
    name: "end_sweep",
    run: (sql) => sql`select * from public.end_sweep((select max(id) from private.sweeps), 1000000)`,
  },
];

/** What a request or a webhook waits for. */
export const READS_AND_DECISIONS: readonly Statement[] = [
  { name: "list_messages, newest", run: (sql, { id }) => listMessages(sql, id) },
  { name: "list_messages, of a peer", run: (sql, { id, peer }) => listMessages(sql, id, { peer }) },
  { name: "list_messages, undelivered", run: (sql, { id }) => listMessages(sql, id, { status: "undelivered" }) },
  { name: "list_messages, search for a word", run: (sql, { id, word }) => listMessages(sql, id, { search: word }) },
  {
    name: "list_messages, search for two letters",
    run: (sql, { id, word }) => listMessages(sql, id, { search: word.slice(0, 2) }),
  },
  {
    name: "list_messages, search for digits",
    run: (sql, { id, peer }) => listMessages(sql, id, { search: peer.slice(-6) }),
  },
  { name: "message_of", run: (sql, { id, messageId }) => sql`select * from public.message_of(${id}, ${messageId})` },
  {
    name: "list_conversations",
    run: (sql, { id }) =>
      sql`select * from public.list_conversations(${id}, null, null, null, null, null, null, null, null, null, null, 50)`,
  },
  {
    name: "list_campaigns",
    run: (sql, { id }) => sql`select * from public.list_campaigns(${id}, null, null, null, null, 50)`,
  },
  { name: "subaccount_of", run: (sql, { id }) => sql`select * from public.subaccount_of(${id})` },
  { name: "tokens_of", run: (sql, { id }) => sql`select * from public.tokens_of(${id})` },
  {
    name: "reserve_message",
    run: (sql, { id }) =>
      sql`
        select * from public.reserve_message(${id}, ${crypto.randomUUID()}, 'hash', '+15305550100', 'US', null, 'Hello',
          '{}', 1, 'GSM-7', false, 'AC', '203.0.113.7', 1000000, 1000000)`,
  },
  {
    name: "record_message_status",
    run: (sql, { id, account, messageId, messageSid }) =>
      sql`select * from public.record_message_status(${messageId}, ${id}, ${account}, ${messageSid}, 'read', null, null)`,
  },
  {
    name: "record_inbound_message",
    run: (sql, { id, account, number, peer }) =>
      sql`
        select * from public.record_inbound_message(${id}, ${`SM${
        crypto.randomUUID().replaceAll("-", "")
      }`}, ${account},
          ${peer}, 'US', ${number}, 'Is Friday possible?', '{}', '{}', 1, null, null)`,
  },
  {
    name: "begin_metering",
    run: (sql, { customer }) => sql`select * from public.begin_metering(${customer}, null, 60, 100)`,
  },
  {
    name: "record_stripe_event",
    run: (sql) =>
      sql`select public.record_stripe_event(${`evt_${crypto.randomUUID()}`}, 'product.created', now(), '{"id": "evt"}')`,
  },
  { name: "begin_convergence", run: (sql, { id }) => sql`select * from public.begin_convergence(${id}, 60)` },
  { name: "begin_number_sync", run: (sql, { id }) => sql`select * from public.begin_number_sync(${id})` },
  {
    name: "reserve_number",
    run: (sql, { id }) => sql`select * from public.reserve_number(${id}, '+14155550199', null, 1.15)`,
  },
  { name: "begin_token_rotation", run: (sql, { id }) => sql`select * from public.begin_token_rotation(${id}, 60)` },
];

/** What `run-jobs` does before any work. */
export const CLAIMS: readonly Statement[] = [
  { name: "claim_jobs", run: (sql) => sql`select * from public.claim_jobs('control', 8, 150)` },
];

interface Filter {
  status?: string;
  peer?: string;
  search?: string;
}

function listMessages(sql: postgres.TransactionSql, userId: string, { status, peer, search }: Filter = {}) {
  return sql`
    select * from public.list_messages(${userId}, null, ${status === undefined ? null : [status]}, null, ${
    peer ?? null
  },
      null, null, null, ${search ?? null}, null, null, 50)`;
}
