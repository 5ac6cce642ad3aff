-- What a message costs the database: reports change no index, and a large tenant's message is found by index.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(17);

select pg_temp.join_as('tenant');

-- Indexes and triggers ------------------------------------------------------------------------------------------------

select set_has(
  $$ values ('id'), ('user_id'), ('account_sid'), ('source'), ('idempotency_key'), ('twilio_message_sid'), ('created_at'), ('own_number'), ('peer_number'), ('campaign_id'), ('direction'),
    ('redaction_requested_at'), ('redacted_at') $$,
  $$ select distinct a.attname::text from pg_catalog.pg_index i
     join pg_catalog.pg_depend d on d.classid = 'pg_class'::regclass and d.objid = i.indexrelid and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid
     join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = d.refobjsubid
     where i.indrelid = 'public.sms_messages'::regclass $$,
  'The ledger''s indexes name, in key and predicate, only columns that change at most once');
select is_empty(
  $$ select tgname from pg_catalog.pg_trigger
     where tgrelid = 'public.sms_messages'::regclass and not tgisinternal and tgtype & 16 <> 0 and (tgtype & 1 = 0 or tgqual is null) $$,
  'Every update trigger of the ledger is per row and has a condition');
select is_empty(
  $$ select tgname from pg_catalog.pg_trigger where tgrelid = 'public.sms_messages'::regclass and tgtype & 18 = 18 $$,
  'No trigger fires before an update: Postgres would lock each row first and compute all generated columns anew');
select is_empty(
  $$ select a.attname from pg_catalog.pg_attribute a join pg_catalog.pg_attrdef f on (f.adrelid, f.adnum) = (a.attrelid, a.attnum)
     join pg_catalog.pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_class'::regclass
     join pg_catalog.pg_attribute b on b.attrelid = d.refobjid and b.attnum = d.refobjsubid
     where a.attrelid = 'public.sms_messages'::regclass and a.attgenerated <> '' and b.attname in ('status', 'status_updated_at', 'error_code', 'error_message') $$,
  'No generated column depends on what a report of a status changes');

-- Reports -------------------------------------------------------------------------------------------------------------

set local role service_role;
create temp table sent as
  with message as (
    insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, estimated_price, idempotency_key)
    values (pg_temp.tenant(), 'outbound', '+15005550101', '+15005550199', 'Hello', 'reserved', 'AC1', 'subaccount', 0.01, 'key') returning id
  ) select id from message;
create function pg_temp.reported(p_status text, p_price numeric default null) returns text language plpgsql as $$
declare
  ledger constant oid := 'public.sms_messages'::regclass;
  updated bigint := pg_stat_get_xact_tuples_updated(ledger);
  hot bigint := pg_stat_get_xact_tuples_hot_updated(ledger);
begin
  perform public.record_message_status((select id from sent), pg_temp.tenant(), 'AC1', 'SM-cost', p_status, null, null, p_price => p_price, p_price_unit => 'USD');
  return pg_stat_get_xact_tuples_updated(ledger) - updated || ' updated, ' || pg_stat_get_xact_tuples_hot_updated(ledger) - hot || ' without an index';
end;
$$;
create function pg_temp.totals_written() returns bigint language sql as $$
  select sum(pg_stat_get_xact_tuples_updated(t) + pg_stat_get_xact_tuples_inserted(t)) from unnest('{private.sending_totals,private.usage_totals}'::regclass[]) t;
$$;
create temp table written as select pg_temp.totals_written() as before;
select is(pg_temp.reported('queued'), '1 updated, 0 without an index', 'The response with the SID changes an index');
select is(pg_temp.reported('sent'), '1 updated, 1 without an index', 'A report of a status changes none');
select is(pg_temp.reported('delivered'), '1 updated, 1 without an index', 'A report of a final status changes none');
select is(pg_temp.reported('sent'), '0 updated, 0 without an index', 'A late report writes nothing');
select is(pg_temp.totals_written() - (select before from written), 0::bigint, 'Reports of a status write no totals');
select is(pg_temp.reported('delivered', -0.0079), '1 updated, 1 without an index', 'A report of a price changes none');
select is(pg_temp.totals_written() - (select before from written), 3::bigint, 'It moves one hour and, from the estimate to the currency of the price, two rows of the day');

-- A large tenant among many small ones --------------------------------------------------------------------------------

reset role;
alter table public.sms_messages disable trigger user;
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, idempotency_key, twilio_message_sid, created_at)
  select case when n % 10 = 0 then pg_temp.tenant() else gen_random_uuid() end, 'outbound', '+15005550101', '+15005550199', 'delivered', 'AC', 'subaccount', 'key ' || n, 'SM ' || n,
    now() - interval '1 minute' * n
  from generate_series(1, 20000) n;
alter table public.sms_messages enable trigger user;
analyze public.sms_messages;
set local plan_cache_mode = force_generic_plan;
prepare by_key (uuid, text) as select 1 from public.sms_messages m where m.user_id = $1 and m.idempotency_key = $2;
prepare by_id (uuid, uuid) as select 1 from public.sms_messages m where m.id = $1 and m.user_id = $2;
prepare by_sid (text, uuid) as select 1 from public.sms_messages m where m.twilio_message_sid = $1 and m.user_id = $2;
prepare replies (uuid, text, text) as select count(*) from public.sms_messages m where m.user_id = $1 and m.own_number = $2 and m.peer_number = $3
  and m.created_at > now() - interval '1 hour' and left(m.idempotency_key, 6) = 'reply ';
create function pg_temp.plan_of(p_execute text) returns text language plpgsql as $$
declare
  line text;
  lines text := '';
begin
  for line in execute 'explain (costs off) execute ' || p_execute loop
    lines := lines || line || E'\n';
  end loop;
  return lines;
end;
$$;
select matches(pg_temp.plan_of($$ by_key('00000000-0000-4000-8000-000000000000', 'key') $$), 'sms_messages_one_per_key', 'A cached plan finds a message by its key, not among all of its tenant''s');
select matches(pg_temp.plan_of($$ by_id('00000000-0000-4000-8000-000000000000', '00000000-0000-4000-8000-000000000000') $$), 'sms_messages_pkey', 'A cached plan finds a message by its id');
select matches(pg_temp.plan_of($$ by_sid('SM', '00000000-0000-4000-8000-000000000000') $$), 'sms_messages_one_per_sid', 'A cached plan finds a message by its SID');
select matches(pg_temp.plan_of($$ replies('00000000-0000-4000-8000-000000000000', '+15005550101', '+15005550199') $$), 'sms_messages_replies',
  'A cached plan counts the replies of a pair, not among all replies of its tenant');

-- Ids -----------------------------------------------------------------------------------------------------------------

select matches(private.new_id()::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', 'An id is a UUID of version 7');
select ok(abs(('x' || substr(replace(private.new_id()::text, '-', ''), 1, 12))::bit(48)::bigint - extract(epoch from clock_timestamp()) * 1000) < 60000, 'An id begins with the time in milliseconds');

select * from finish();
rollback;
